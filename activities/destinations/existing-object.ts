import type { Readable } from 'node:stream'
import { Digest } from '../pipeline/digest.js'
import type { Destination } from './driver.js'
import { conflict } from './object-failure.js'

/** What a body was, counted on its way. */
export interface Written {
  readonly bytes: number
  /** SHA-256, hex. */
  readonly sha256: string
}

/** Success when the object that is there has the same bytes; else `object.conflict`. It is read whole. */
export async function requireSame(
  destination: Pick<Destination, 'name' | 'stat' | 'get'>,
  { objectName, written }: { objectName: string; written: Written },
  signal: AbortSignal,
): Promise<void> {
  const found = await destination.stat(objectName, signal)
  if (found?.bytes === written.bytes) {
    const existing = await readThrough(await destination.get(objectName, { signal }))
    if (existing.sha256 === written.sha256) return
  }
  throw conflict(objectName, destination.name)
}

/** Reads a body to its end, for its digest only. */
export async function readThrough(body: AsyncIterable<Buffer> | Readable): Promise<Written> {
  const digest = new Digest()
  const chunks = digest.through(body as AsyncIterable<Buffer>)
  while (!(await chunks.next()).done);
  return { bytes: digest.bytes, sha256: digest.sha256() }
}
