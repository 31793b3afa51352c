import { HoldfastError } from '../core/errors.js'
import { parseBackupId } from '../core/ids.js'
import type { ExpireInput, ExpireResult } from '../core/work.js'
import type { DataActivities } from './activities.js'
import { removeBackup } from './catalog/remove-backup.js'
import { leftovers } from './catalog/leftovers.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** Removes backups for good, and what runs that have ended left unfinished of the same plan. */
export const expireActivities = (tools: Tools): Pick<DataActivities, 'expire'> => ({
  expire: (input) => withHeartbeat((signal) => expire(tools, input, signal)),
})

async function expire(
  tools: Tools,
  { plan, destination: name, backupIds }: ExpireInput,
  signal: AbortSignal,
): Promise<ExpireResult> {
  for (const backupId of backupIds) requireOwn(backupId, plan)
  const destination = await tools.destination(name, signal)
  let freedBytes = 0
  for (const backupId of backupIds) {
    freedBytes += await removeBackup(destination, { plan, backupId }, signal)
    tools.log.info('backup removed', { backupId, destination: name })
  }
  const { swept, freed } = await sweep(tools, destination, plan, signal)
  return { removed: backupIds, freedBytes: freedBytes + freed, swept }
}

/** The id names the folder that goes: one that is not whole, or of another plan, must remove nothing. */
function requireOwn(backupId: string, plan: string): void {
  if (parseBackupId(backupId)?.plan === plan) return
  throw new HoldfastError('backup.not-found', `"${backupId}" is not the id of a backup of plan "${plan}".`, {
    hint: 'Give the whole id, as `holdfast backup list` shows it.',
  })
}

async function sweep(
  tools: Tools,
  destination: Destination,
  plan: string,
  signal: AbortSignal,
): Promise<{ swept: string[]; freed: number }> {
  const swept: string[] = []
  let freed = 0
  for (const backupId of await leftovers(tools, destination, plan, signal)) {
    freed += await removeBackup(destination, { plan, backupId }, signal)
    tools.log.info('unfinished backup swept', { backupId, destination: destination.name })
    swept.push(backupId)
  }
  return { swept, freed }
}
