import { createDecipheriv } from 'node:crypto'
import { HoldfastError } from '../../core/errors.js'
import { ChunkReader } from './chunk-reader.js'
import {
  HEADER_BYTES,
  nonceOf,
  objectKeyOf,
  SALT_BYTES,
  segmentBytes,
  TAG_BYTES,
  type StreamKey,
} from './segments.js'

/**
 * The plain bytes again, segment by segment, each of them authenticated before it is handed on: of an object that was cut,
 * reordered, exchanged, lengthened or changed, nothing comes from the damage on. That nothing is missing at the end is
 * known at the end only: use nothing under a final name before. Fails with `object.corrupt`.
 */
export async function* decrypted(
  stored: AsyncIterable<Buffer>,
  streamKey: StreamKey,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ChunkReader(stored)
  try {
    const header = await reader.take(HEADER_BYTES)
    if (header.length < HEADER_BYTES || header[0] !== HEADER_BYTES) throw damaged(streamKey)
    const salt = header.subarray(1, 1 + SALT_BYTES)
    const noncePrefix = Buffer.from(header.subarray(1 + SALT_BYTES))
    const key = objectKeyOf(streamKey, salt)

    let segment = await reader.take(segmentBytes(0))
    for (let index = 0; ; index++) {
      const next = await reader.take(segmentBytes(index + 1))
      const place = next.length === 0 ? 'last' : 'more'
      yield opened(segment, { key, nonce: nonceOf(noncePrefix, index, place), streamKey })
      if (place === 'last') return
      segment = next
    }
  } finally {
    await reader.close()
  }
}

function opened(
  segment: Buffer,
  { key, nonce, streamKey }: { key: Buffer; nonce: Buffer; streamKey: StreamKey },
): Buffer {
  if (segment.length < TAG_BYTES) throw damaged(streamKey)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(segment.subarray(segment.length - TAG_BYTES))
  const plain = decipher.update(segment.subarray(0, segment.length - TAG_BYTES))
  try {
    decipher.final()
  } catch (cause) {
    throw damaged(streamKey, cause)
  }
  return plain
}

const damaged = ({ associatedData }: StreamKey, cause?: unknown): HoldfastError =>
  new HoldfastError(
    'object.corrupt',
    `Object "${associatedData.slice(associatedData.indexOf('/') + 1)}" does not decrypt: it was cut, changed, or put in the place of another.`,
    {
      hint: 'Restore from another backup, and look at the disk and at who else can write there.',
      ...(cause === undefined ? {} : { cause }),
    },
  )
