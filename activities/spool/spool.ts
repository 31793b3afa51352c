import type { Readable } from 'node:stream'

/**
 * Bytes of a held backup that wait on this host for their destination. They are encrypted with keys that only this process
 * knows: what a dead worker left is of no use to anybody. Objects bear the names that they will have at the destination.
 */
export interface Spool {
  /** Bytes that may still be written. */
  roomBytes(): Promise<number>
  /**
   * There only when complete; replaces what had the name. When `body` errors, nothing is left and its error is thrown. Fails
   * with `spool.full`, and with `spool.failed` when the disk does.
   */
  put(objectName: string, body: Readable, options: { signal: AbortSignal }): Promise<{ bytes: number }>
  /** The bytes as they were put; undefined when there are none. Errors with `spool.lost` when the file cannot be read. */
  read(objectName: string): AsyncIterable<Buffer> | undefined
  /** An object that is not there is success. */
  delete(objectName: string): Promise<void>
  /** Forgets all objects whose names begin with `prefix`. */
  discard(prefix: string): Promise<void>
  /** Removes what processes that have ended left. */
  sweep(): Promise<void>
  /** Forgets everything of this process. */
  close(): Promise<void>
}
