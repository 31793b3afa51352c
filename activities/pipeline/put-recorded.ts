import { Readable } from 'node:stream'
import type { StoredObject } from '../../core/backup.js'
import type { Destination } from '../destinations/driver.js'
import { putKnown } from '../destinations/put-known.js'
import { metered } from './meter.js'
import { proven } from './proven.js'

export type RecordedObject = Pick<StoredObject, 'name' | 'storedBytes' | 'storedSha256'>

export interface RecordedPut {
  readonly object: RecordedObject
  readonly chunks: AsyncIterable<Buffer>
  /** Told of the bytes as they are taken. */
  readonly onBytes: (bytes: number) => void
  /** What to fail with when the chunks are not what was recorded. */
  readonly damaged: () => Error
  readonly signal: AbortSignal
}

/**
 * Puts an object whose size and digest are known, and proves them on the way: what differs never gets the name. May run
 * again; a large object that was cut off goes on where it was, where the destination can (`putKnown`).
 */
export async function putRecorded(destination: Destination, name: string, put: RecordedPut): Promise<void> {
  const { object, chunks, onBytes, damaged, signal } = put
  const body = Readable.from(metered(proven(chunks, object, damaged), onBytes), {
    objectMode: true,
    highWaterMark: 1,
  })
  const known = { bytes: object.storedBytes, sha256: object.storedSha256 }
  await putKnown(destination, name, { body, known, signal })
}
