import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { conflict } from '../object-failure.js'
import type { StoredObject } from './bucket.js'
import type { Part } from './payload.js'
import type { Sent } from './upload.js'

/** Reads a body that need not be sent, since there is an object of its name already. */
export async function digested(parts: AsyncIterable<Part>, partBytes: number): Promise<Sent> {
  const digests: string[] = []
  let bytes = 0
  for await (const part of parts) {
    digests.push(part.sha256)
    bytes += part.bytes.length
    part.release()
  }
  return { bytes, digests, partBytes }
}

/**
 * That the object there is the one that was sent: by its length, and then by what the store calls it, or else by reading all
 * of it. Fails with `object.conflict`.
 */
export async function requireSame(
  found: StoredObject,
  sent: Sent,
  place: { readonly destination: string; readonly open: () => Promise<Readable> },
): Promise<void> {
  if (found.bytes === sent.bytes) {
    if (sent.etag !== undefined && found.etag === sent.etag) return
    if (await isAlike(await place.open(), sent)) return
  }
  throw conflict(found.name, place.destination)
}

/** Part by part, as it was digested when it was sent; the first difference ends it. */
async function isAlike(stored: Readable, { digests, partBytes }: Sent): Promise<boolean> {
  let hash = createHash('sha256')
  let inPart = 0
  let part = 0
  for await (const chunk of stored as AsyncIterable<Buffer>) {
    for (let offset = 0; offset < chunk.length;) {
      if (inPart === partBytes) {
        if (hash.digest('hex') !== digests[part++]) return false
        hash = createHash('sha256')
        inPart = 0
      }
      const end = Math.min(chunk.length, offset + partBytes - inPart)
      hash.update(chunk.subarray(offset, end))
      inPart += end - offset
      offset = end
    }
  }
  return part === digests.length - 1 && hash.digest('hex') === digests[part]
}
