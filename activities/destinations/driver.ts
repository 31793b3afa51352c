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
  /**
   * `put` of a large body that is known to its last byte: what an earlier attempt has brought there, also one that was
   * killed, is compared with the body and kept as far as it is the same; only the rest is sent. Promises what `put` does,
   * except that a failure may leave what was sent, under no name, for the next attempt; when none comes it is removed
   * like anything that dead writers leave. Several attempts may run at once: each resolves only with the right object in
   * place. `body` must error where it is not as `known` says. Left out: the destination cannot.
   */
  putResumable?(objectName: string, body: Readable, options: ResumableOptions): Promise<{ bytes: number }>
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

export interface ResumableOptions {
  readonly signal: AbortSignal
  readonly known: KnownBody
  /** For what is sent and read back: a body that is only compared is not held up by them. */
  readonly throttles?: Throttles
}

export interface KnownBody {
  readonly bytes: number
  /** SHA-256, hex. */
  readonly sha256: string
}

/** Makes bytes wait until they may pass; all that pass share its rate. */
export type Throttle = (bytes: number, signal: AbortSignal) => Promise<void>

export interface Throttles {
  readonly upload?: Throttle
  readonly download?: Throttle
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
