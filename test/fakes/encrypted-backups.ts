import { randomBytes } from 'node:crypto'
import { codeOf } from '../../activities/keys/derive.js'
import { makeDataKey } from '../../activities/keys/data-key.js'
import { sealManifest } from '../../activities/keys/sealed-manifest.js'
import { ENCRYPTION_SCHEME, type Manifest } from '../../core/backup.js'
import { manifestCodeName, manifestName, runObjectName } from '../../core/ids.js'
import { manifest, runObject } from './backups.js'
import type { FakeDestination } from './destination.js'
import { testKey } from './keys.js'

/** Puts an encrypted backup at the destination as the publisher does; it holds no objects. */
export async function storeEncryptedBackup(
  destination: FakeDestination,
  keyNames: readonly string[],
  changes: Parameters<typeof manifest>[0] = {},
): Promise<{ readonly id: string; readonly dataKey: Buffer }> {
  const keys = keyNames.map(testKey)
  const plain = manifest({ items: [], ...changes })
  const { id, plan } = plain
  const random = (digits: number) => randomBytes(digits / 2).toString('hex')
  const { signal } = new AbortController()
  const dataKey = await makeDataKey({ destination, plan, backupId: id }, { keys, random }, signal)
  const encryption: Manifest['encryption'] = { scheme: ENCRYPTION_SCHEME, keyIds: keys.map((key) => key.id) }
  const bytes = Buffer.from(JSON.stringify(await sealManifest({ ...plain, encryption }, dataKey)))
  destination.write(runObjectName(plan, id), runObject(plain))
  destination.write(manifestCodeName(plan, id), codeOf(dataKey, 'manifest', bytes))
  destination.write(manifestName(plan, id), bytes)
  return { id, dataKey }
}
