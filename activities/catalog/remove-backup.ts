import { backupFolder, manifestName, runObjectName } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'

/**
 * Removes a backup, or what there is of one; answers how many bytes that freed. May run twice.
 *
 * The manifest goes first: a crash in between leaves something that is not listed, and that a sweep takes away; the other
 * order would leave a backup that is listed but cannot be restored. `run.json` goes last: until then it says whose the rest is.
 */
export async function removeBackup(
  destination: Destination,
  { plan, backupId }: { plan: string; backupId: string },
  signal: AbortSignal,
): Promise<number> {
  const objects = new Map<string, number>()
  for await (const { name, bytes } of destination.list(backupFolder(plan, backupId), signal))
    objects.set(name, bytes)

  const first = manifestName(plan, backupId)
  const last = runObjectName(plan, backupId)
  const between = [...objects.keys()].filter((name) => name !== first && name !== last)
  for (const name of [first, ...between, last]) if (objects.has(name)) await destination.delete(name, signal)
  return [...objects.values()].reduce((total, bytes) => total + bytes, 0)
}
