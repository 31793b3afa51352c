import { keysFolder, planFolder } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'
import type { BackupPlace } from '../keys/data-key.js'
import type { Catalog } from './catalog.js'
import { wrapOf } from './objects-in.js'
import { readRun } from './run-object.js'

/** A backup, finished or not, whose data key is wrapped by a key. */
export interface WrappedBackup {
  readonly plan: string
  readonly backupId: string
  readonly keyId: string
  /** Whose it is; left out where neither manifest nor `run.json` tells. */
  readonly site?: string
}

/**
 * All at one destination whose data keys are wrapped by one of the keys, by what lies there now: what a manifest says of keys
 * was true when it was written. Those that never became backups count too: a copy that was cut off is finished some day.
 */
export async function wrappedBackups(
  catalog: Pick<Catalog, 'list'>,
  destination: Destination,
  { keyIds, plan }: { readonly keyIds: readonly string[]; readonly plan?: string },
  signal: AbortSignal,
): Promise<readonly WrappedBackup[]> {
  const found: WrappedBackup[] = []
  for await (const { name } of destination.list(plan === undefined ? 'plans/' : planFolder(plan), signal)) {
    const wrap = wrapOf(name)
    if (wrap !== undefined && keyIds.includes(wrap.keyId)) found.push(wrap)
  }
  if (found.length === 0) return found
  const filter = {
    destination: destination.name,
    among: 'all',
    ...(plan === undefined ? {} : { plan }),
  } as const
  const { backups } = await catalog.list(filter, signal)
  const sites = new Map(backups.map((backup) => [backup.id, backup.site]))
  const told: WrappedBackup[] = []
  for (const wrap of found) {
    const site = sites.get(wrap.backupId) ?? (await readRun(destination, wrap, signal))?.site
    told.push(site === undefined ? wrap : { ...wrap, site })
  }
  return told
}

/** Ids of the keys that wrap the data key of one backup now. */
export async function keyIdsOf(
  { destination, plan, backupId }: BackupPlace,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { name } of destination.list(keysFolder(plan, backupId), signal)) {
    const wrap = wrapOf(name)
    if (wrap !== undefined) ids.push(wrap.keyId)
  }
  return ids
}
