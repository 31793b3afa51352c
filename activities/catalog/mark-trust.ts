import { HoldfastError } from '../../core/errors.js'
import { findDataKey, type BackupPlace } from '../keys/data-key.js'
import type { Key, Keys } from '../keys/key.js'
import type { MarkedBackup } from './marks.js'
import { readManifest } from './read-manifest.js'

/** What proves the marks of one backup. */
export interface MarkTrust {
  /** Then marks without a code count for nothing. */
  readonly isEncrypted: boolean
  /** Left out: not encrypted, or no key of this host opens it. */
  readonly dataKey?: Buffer
}

/** The backup with what proves its marks, by the keys that this host has now. */
export async function toMark(place: BackupPlace, keys: Keys, signal: AbortSignal): Promise<MarkedBackup> {
  const { keys: all } = await keys.all()
  return { ...place, trust: await markTrustOf(place, all, signal) }
}

/** A wrap that opens is what tells, before the manifest: whoever replaces a manifest cannot make unsigned marks count. */
export async function markTrustOf(
  place: BackupPlace,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<MarkTrust> {
  const dataKey = await dataKeyOrNone(place, keys, signal)
  if (dataKey !== undefined) return { isEncrypted: true, dataKey }
  try {
    const { manifest } = await readManifest(place.destination, place, signal)
    return { isEncrypted: manifest.encryption !== undefined }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    // What has no manifest any more is no backup; of one that cannot be read nobody knows.
    if (error.code === 'backup.not-found') return { isEncrypted: false }
    if (error.code === 'backup.corrupt' || error.code === 'backup.version') return { isEncrypted: true }
    throw error
  }
}

/** A wrap that was changed proves nothing, and must not keep the plan's other backups from what is due to them. */
export async function dataKeyOrNone(
  place: BackupPlace,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    return await findDataKey(place, keys, signal)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object.corrupt') return undefined
    throw error
  }
}
