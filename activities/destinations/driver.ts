import type { Readable } from 'node:stream'
import type { DestinationOf, DestinationType } from '../../schemas/destinations.js'

/**
 * A flat store of named objects. Names use `/`, lower case, ASCII (except what a source's part needs, percent-encoded by the
 * caller). Nothing under a final name is ever overwritten. Fails with codes `destination.*` and `object.*`.
 */
export interface Destination {
  /** As holdfast.yaml calls it. */
  readonly name: string
  /**
   * Visible only when complete, durable when this resolves. Create-only: the same bytes under an existing name succeed, other
   * bytes fail with `object.conflict`. When `body` errors, nothing is left and its error is thrown. May run twice.
   */
  put(objectName: string, body: Readable, options: { signal: AbortSignal }): Promise<{ bytes: number }>
  /** `range`: first byte and number of bytes. Fails with `object.not-found`. */
  get(
    objectName: string,
    options: { signal: AbortSignal; range?: { offset: number; length: number } },
  ): Promise<Readable>
  /** All objects whose names begin with `prefix`, sorted by name. Unfinished uploads are not listed. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo>
  stat(objectName: string, signal: AbortSignal): Promise<ObjectInfo | undefined>
  /** An object that is not there is success. */
  delete(objectName: string, signal: AbortSignal): Promise<void>
  /** Bytes that can still be written, where the store can tell. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>
  /**
   * Names of objects that were deleted, and whose bytes the store keeps all the same: as older versions, for a lock or by its
   * own rules. One that has several such versions may come several times. Left out: what is deleted is gone.
   */
  deletedVersions?(prefix: string, signal: AbortSignal): AsyncIterable<string>
}

export interface ObjectInfo {
  readonly name: string
  readonly bytes: number
  /** By the store's own clock. */
  readonly modifiedAt: Date
}

/** Opens a destination of one type. Touches nothing yet. */
export type DestinationDriver<T extends DestinationType> = (
  name: string,
  settings: DestinationOf<T>,
) => Destination
