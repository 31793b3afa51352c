import { HoldfastError } from '../../core/errors.js'
import type { Manifest } from '../../core/backup.js'
import type { BackupPlace } from './data-key.js'
import { findDataKey } from './data-key.js'
import type { Key, Keys } from './key.js'

/** The keys of a plan, in its order. Fails as `Keys.named`. */
export async function keysNamed(keys: Keys, names: readonly string[]): Promise<readonly Key[]> {
  const found: Key[] = []
  for (const name of names) found.push(await keys.named(name))
  return found
}

/** The data key of a backup. Fails with `key.not-found` where it is wrapped by none of the keys. */
export async function requireDataKey(
  place: BackupPlace,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Buffer> {
  const dataKey = await findDataKey(place, keys, signal)
  if (dataKey) return dataKey
  throw new HoldfastError(
    'key.not-found',
    `Backup ${place.backupId} at destination "${place.destination.name}" has no data key for ${keys.map(({ name }) => `"${name}"`).join(', ') || 'this host'}.`,
    {
      hint: 'Bring a key that it was encrypted for, under `keys:` of holdfast.yaml, or start the backup again.',
    },
  )
}

/** What opens the objects of a backup, by the keys of this host; undefined for one that is not encrypted. */
export async function dataKeyOf(
  keys: Keys,
  { destination, manifest }: { destination: BackupPlace['destination']; manifest: Manifest },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (manifest.encryption === undefined) return undefined
  const { keys: all } = await keys.all()
  return requireDataKey({ destination, plan: manifest.plan, backupId: manifest.id }, all, signal)
}
