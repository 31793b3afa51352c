import type { Proof } from '../../core/authenticity.js'
import type { Manifest } from '../../core/backup.js'
import { isSealed, type EncryptedManifest } from '../../core/encrypted-manifest.js'
import { backupFolder, manifestCodeName } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'
import { findDataKey } from '../keys/data-key.js'
import { isCodeOf } from '../keys/derive.js'
import type { Key } from '../keys/key.js'
import { isClearPartOf, openManifest } from '../keys/sealed-manifest.js'
import { checkManifest, damaged, type About, type StoredManifest } from './read-manifest.js'
import { readSmallText } from './small-object.js'

/** What the keys of this host tell of a manifest. */
export interface Examined {
  readonly proof: Proof
  /** Of the backup, where it has one and a key of this host opens it. */
  readonly dataKey?: Buffer
}

/** Fails with `backup.corrupt` when the code beside the manifest is not that of its bytes. */
export async function examine(
  destination: Destination,
  { manifest: { id: backupId, plan }, bytes }: StoredManifest,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Examined> {
  const code = await readSmallText(destination, manifestCodeName(plan, backupId), signal)
  const dataKey = await findDataKey({ destination, plan, backupId }, keys, signal)
  const opened = dataKey === undefined ? {} : { dataKey }
  if (code === undefined) return { proof: 'absent', ...opened }
  if (dataKey === undefined) return { proof: 'untold' }
  if (isCodeOf(dataKey, 'manifest', bytes, code)) return { proof: 'right', dataKey }
  throw damaged(aboutOf(destination, { id: backupId, plan }), 'its code is not that of its bytes')
}

/** The whole manifest, where its key is here. Fails with `backup.corrupt` where the sealed part is not what belongs to the rest. */
export async function opened(
  destination: Destination,
  manifest: Manifest | EncryptedManifest,
  dataKey: Buffer | undefined,
): Promise<Manifest | EncryptedManifest> {
  if (!isSealed(manifest) || dataKey === undefined) return manifest
  const about = aboutOf(destination, manifest)
  const whole = checkManifest(await unsealed(manifest, dataKey, about), about)
  if (isSealed(whole) || !isClearPartOf(manifest, whole))
    throw damaged(about, 'what it says in the clear is not what it says in its sealed part')
  return whole
}

async function unsealed(manifest: EncryptedManifest, dataKey: Buffer, about: About): Promise<unknown> {
  try {
    return await openManifest(manifest, dataKey)
  } catch (error) {
    throw damaged(about, 'its sealed part does not open', error)
  }
}

const aboutOf = ({ name }: Destination, { id, plan }: Pick<Manifest, 'id' | 'plan'>): About => ({
  backupId: id,
  plan,
  folder: backupFolder(plan, id),
  destination: name,
})
