import { Readable } from 'node:stream'
import type { StoredObject } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'
import type { ObjectReader } from '../sources/driver.js'
import { decompressed } from './decompress.js'
import { decrypted } from './decrypt.js'
import { Digest } from './digest.js'
import { ENCRYPTED_SUFFIX } from './encrypt.js'

/** Chunks in flight between stages: each stage has buffers of its own. */
const CHUNKS_AHEAD = 1
const STAGE_OF_SUFFIX = { '.zst': 'zstd', '.gz': 'gzip' } as const

/** Where the objects of one backup are, and what opens them. */
export interface StoredBackup {
  readonly destination: Destination
  readonly plan: string
  readonly backupId: string
  /** Left out: the backup is not encrypted. */
  readonly dataKey?: Buffer
  readonly signal: AbortSignal
}

/**
 * Reads objects of one backup: from the destination, through what their names say was done to them, compared with sizes
 * and digests as they were recorded.
 */
export const objectReader = (backup: StoredBackup): ObjectReader => ({
  open: (object) =>
    Readable.from(plainBytes(backup, object), { objectMode: true, highWaterMark: CHUNKS_AHEAD }),
})

/** Names of objects end in what was done to them, in order: `.tar.zst.enc`. */
function stagesOfName(name: string): ('zstd' | 'gzip')[] {
  const inner = name.endsWith(ENCRYPTED_SUFFIX) ? name.slice(0, -ENCRYPTED_SUFFIX.length) : name
  for (const [suffix, stage] of Object.entries(STAGE_OF_SUFFIX)) if (inner.endsWith(suffix)) return [stage]
  return []
}

async function* plainBytes(
  backup: StoredBackup,
  object: StoredObject,
): AsyncGenerator<Buffer, void, undefined> {
  const { destination, plan, backupId, signal } = backup
  const stored = new Digest()
  const plain = new Digest()
  const body = await destination.get(backupFolder(plan, backupId) + object.name, { signal })
  const asStored = stored.through(bounded(body as AsyncIterable<Buffer>, object))
  yield* plain.through(
    decompressed(opened(asStored, object, backup), {
      stages: stagesOfName(object.name),
      maxPlainBytes: object.plainBytes,
      objectName: object.name,
    }),
  )
  signal.throwIfAborted()
  requireRecorded(object, 'stored', stored, { bytes: object.storedBytes, sha256: object.storedSha256 })
  requireRecorded(object, 'plain', plain, { bytes: object.plainBytes, sha256: object.plainSha256 })
}

/** Of an encrypted backup nothing is taken that is not encrypted: anyone could have put it there. */
function opened(
  stored: AsyncIterable<Buffer>,
  object: StoredObject,
  { backupId, dataKey }: StoredBackup,
): AsyncIterable<Buffer> {
  const isEncrypted = object.name.endsWith(ENCRYPTED_SUFFIX)
  if (isEncrypted !== (dataKey !== undefined))
    throw differs(object, isEncrypted ? 'it is encrypted, and its backup is not' : 'it is not encrypted')
  return dataKey === undefined
    ? stored
    : decrypted(stored, { dataKey, associatedData: `${backupId}/${object.name}` })
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
