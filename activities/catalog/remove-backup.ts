import { backupFolder, manifestName, marksFolder, runObjectName } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'

/**
 * Removes a backup, or what there is of one; answers how many bytes that freed. May run twice.
 *
 * The manifest goes first: a crash in between leaves something that is not listed, and that a sweep takes away; the other
 * order would leave a backup that is listed but cannot be restored. `run.json` goes after all objects: until then it says
 * whose the rest is. Marks go last: they say why.
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
  const origin = runObjectName(plan, backupId)
  const others = [...objects.keys()].filter((name) => name !== first && name !== origin)
  const isMark = (name: string) => name.startsWith(marksFolder(plan, backupId))
  const between = others.filter((name) => !isMark(name))
  for (const name of [first, ...between, origin, ...others.filter(isMark)])
    if (objects.has(name)) await destination.delete(name, signal)
  return [...objects.values()].reduce((total, bytes) => total + bytes, 0)
}
