import { Readable } from 'node:stream'
import type { StoredObject } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { Destination } from '../destinations/driver.js'
import type { ObjectReader } from '../sources/driver.js'
import { decompressed } from './decompress.js'
import { Digest } from './digest.js'

/** Chunks in flight between stages: each stage has buffers of its own. */
const CHUNKS_AHEAD = 1
const STAGE_OF_SUFFIX = { '.zst': 'zstd', '.gz': 'gzip' } as const

/**
 * Reads objects of one backup: from the destination, through what their names say was done to them, compared with sizes
 * and digests as they were recorded. `folder`: that of the backup, with its slash.
 */
export const objectReader = (
  destination: Destination,
  folder: string,
  signal: AbortSignal,
): ObjectReader => ({
  open: (object) =>
    Readable.from(plainBytes({ destination, folder, object, signal }), {
      objectMode: true,
      highWaterMark: CHUNKS_AHEAD,
    }),
})

/** Names of objects end in what was done to them, in order: `.tar.zst`. */
export function stagesOfName(name: string): ('zstd' | 'gzip')[] {
  for (const [suffix, stage] of Object.entries(STAGE_OF_SUFFIX)) if (name.endsWith(suffix)) return [stage]
  return []
}

async function* plainBytes(reading: {
  destination: Destination
  folder: string
  object: StoredObject
  signal: AbortSignal
}): AsyncGenerator<Buffer, void, undefined> {
  const { destination, folder, object, signal } = reading
  const stored = new Digest()
  const plain = new Digest()
  const body = await destination.get(folder + object.name, { signal })
  yield* plain.through(
    decompressed(stored.through(bounded(body as AsyncIterable<Buffer>, object)), {
      stages: stagesOfName(object.name),
      maxPlainBytes: object.plainBytes,
      objectName: object.name,
    }),
  )
  signal.throwIfAborted()
  requireRecorded(object, 'stored', stored, { bytes: object.storedBytes, sha256: object.storedSha256 })
  requireRecorded(object, 'plain', plain, { bytes: object.plainBytes, sha256: object.plainSha256 })
}

/** An object that has grown is not read to its end. */
async function* bounded(chunks: AsyncIterable<Buffer>, object: StoredObject): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > object.storedBytes) throw differs(object, `it has more than its ${object.storedBytes} bytes`)
    yield chunk
  }
}

function requireRecorded(
  object: StoredObject,
  which: 'stored' | 'plain',
  digest: Digest,
  recorded: { bytes: number; sha256: string },
): void {
  if (digest.bytes !== recorded.bytes) {
    throw differs(object, `it has ${digest.bytes} ${which} bytes instead of ${recorded.bytes}`)
  }
  if (digest.sha256() !== recorded.sha256) throw differs(object, `its ${which} bytes have another SHA-256`)
}

const differs = (object: StoredObject, how: string): HoldfastError =>
  new HoldfastError('object.corrupt', `Object "${object.name}" is not as it was recorded: ${how}.`, {
    hint: 'Restore from another backup, and check the disk that holds this one.',
  })
