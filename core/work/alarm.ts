/** An alarm: deduplicated by its cause, resolved when the cause is gone. */
export interface AlarmInput {
  /** Same cause, same alarm: `inconsistent/shop`, `write-lease/docker:web`. */
  readonly cause: string
  readonly summary: string
  readonly hint: string
  readonly plan?: string
  readonly service?: string
}
