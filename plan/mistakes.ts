import type { Aspect, Path } from './locate.js'

/** An issue before it has a place in a file: what is wrong with which entry. */
export interface Mistake {
  readonly path: Path
  readonly aspect: Aspect
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly hint?: string
  /** The entry at `path` is right as far as it goes: a key is missing in it. */
  readonly isAbsence?: true
}

type MistakeText = readonly [message: string, hint?: string | undefined]

const mistake =
  (severity: Mistake['severity'], aspect: Aspect) =>
  (path: Path, ...[message, hint]: MistakeText): Mistake => ({
    path,
    aspect,
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
  })

export const errorAt = mistake('error', 'value')
export const errorAtKey = mistake('error', 'key')
export const warningAt = mistake('warning', 'value')
export const warningAtKey = mistake('warning', 'key')

export const absenceIn = (path: Path, ...text: MistakeText): Mistake => ({
  ...errorAtKey(path, ...text),
  isAbsence: true,
})

/**
 * What is left of a value when everything that the schema refuses is taken away: anything may be missing. A key whose
 * value was refused is still there, as `undefined`: ask `says` whether something was said at all.
 */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly Draft<Item>[]
  : T extends object
    ? string extends keyof T
      ? { readonly [Key in keyof T]: Draft<T[Key]> }
      : { readonly [Key in Discriminator & keyof T]: T[Key] } & {
          readonly [Key in Exclude<keyof T, Discriminator>]?: Draft<T[Key]>
        }
    : T
/** What has no valid `type` is taken away whole. */
type Discriminator = 'type'

/** Whether the user wrote this key, be its value right or wrong. */
export const says = <T extends object>(draft: T, key: keyof T): boolean => Object.hasOwn(draft, key)
