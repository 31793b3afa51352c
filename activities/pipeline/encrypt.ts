import { createCipheriv } from 'node:crypto'
import {
  headerOf,
  nonceOf,
  objectKeyOf,
  segmentBytes,
  SEGMENT_BYTES,
  TAG_BYTES,
  type StreamKey,
} from './segments.js'

/** What is appended to the name of an object. */
export const ENCRYPTED_SUFFIX = '.enc'

export interface Encryption extends StreamKey {
  /** 32 random bytes: with them the key of the object is its own. */
  readonly salt: Buffer
  /** 7 random bytes. */
  readonly noncePrefix: Buffer
}

/**
 * The bytes as any Tink library decrypts them, in chunks of a segment. Chunks that come in may be used again once the next
 * one is asked for. An empty stream is a header and one empty segment.
 */
export async function* encrypted(
  plain: AsyncIterable<Buffer>,
  { salt, noncePrefix, ...streamKey }: Encryption,
): AsyncGenerator<Buffer, void, undefined> {
  const key = objectKeyOf(streamKey, salt)
  const seal = (segment: Buffer, index: number, place: 'last' | 'more'): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(noncePrefix, index, place))
    return Buffer.concat([cipher.update(segment), cipher.final(), cipher.getAuthTag()])
  }
  yield headerOf(salt, noncePrefix)

  const buffer = Buffer.allocUnsafeSlow(SEGMENT_BYTES)
  let filled = 0
  let index = 0
  for await (const chunk of plain) {
    for (let offset = 0; offset < chunk.length;) {
      const room = segmentBytes(index) - TAG_BYTES
      // Only what comes after a full segment tells that it was not the last one.
      if (filled === room) {
        yield seal(buffer.subarray(0, filled), index++, 'more')
        filled = 0
        continue
      }
      const copied = chunk.copy(buffer, filled, offset, offset + room - filled)
      filled += copied
      offset += copied
    }
  }
  yield seal(buffer.subarray(0, filled), index, 'last')
}
