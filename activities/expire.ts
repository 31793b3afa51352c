import { backupAlarms } from '../core/backup-alarms.js'
import { HoldfastError } from '../core/errors.js'
import { parseBackupId } from '../core/ids.js'
import type { ExpireInput, ExpireResult } from '../core/work/catalog.js'
import type { DataActivities } from './activities.js'
import { removeBackup } from './catalog/remove-backup.js'
import { leftovers } from './catalog/leftovers.js'
import { toMark } from './catalog/mark-trust.js'
import { addMark, readMarkState, type MarkedBackup } from './catalog/marks.js'
import { removableBackups } from './catalog/removable.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/**
 * Deletes backups: a mark hides them, and after their quarantine they are removed for good, together with what runs that
 * have ended left unfinished of the same plan. Only under the lock of the plan.
 */
export const expireActivities = (tools: Tools): Pick<DataActivities, 'expire'> => ({
  expire: (input) => withHeartbeat((signal) => expire(tools, input, signal)),
})

interface Expiring {
  readonly tools: Tools
  readonly destination: Destination
  readonly input: ExpireInput
  readonly signal: AbortSignal
}

interface Removal {
  readonly backupIds: readonly string[]
  readonly freedBytes: number
}

async function expire(tools: Tools, input: ExpireInput, signal: AbortSignal): Promise<ExpireResult> {
  for (const backupId of input.backupIds) requireOwn(backupId, input.plan)
  const destination = await tools.destination(input.destination, signal)
  const expiring: Expiring = { tools, destination, input, signal }
  const expired: string[] = []
  const asked: string[] = []
  for (const backupId of input.backupIds) {
    const backup = await toMark({ destination, plan: input.plan, backupId }, tools.keys, signal)
    if (!(await mayGo(expiring, backup))) continue
    if (input.removal === 'now') asked.push(backupId)
    else if (await hide(expiring, backup)) expired.push(backupId)
  }
  // First what was asked for: where the disk is full, nothing else works before it is gone.
  const now = await removeAll(expiring, asked, 'backup removed')
  const due = await removableBackups(tools, destination, input, signal)
  const later = await removeAll(expiring, due, 'backup removed')
  const left = await leftovers(tools, destination, input.plan, signal)
  const swept = await removeAll(expiring, left, 'unfinished backup swept')
  return {
    expired,
    removed: [...now.backupIds, ...later.backupIds],
    freedBytes: now.freedBytes + later.freedBytes + swept.freedBytes,
    swept: swept.backupIds,
  }
}

/** The id names the folder that goes: one that is not whole, or of another plan, must remove nothing. */
function requireOwn(backupId: string, plan: string): void {
  if (parseBackupId(backupId)?.plan === plan) return
  throw new HoldfastError('backup.not-found', `"${backupId}" is not the id of a backup of plan "${plan}".`, {
    hint: 'Give the whole id, as `holdfast backup list` shows it.',
  })
}

/** Looked at right before: a pin may be newer than the decision. */
async function mayGo({ input, signal }: Expiring, backup: MarkedBackup): Promise<boolean> {
  const { pin } = await readMarkState(backup, signal)
  const { backupId } = backup
  if (pin === undefined) return true
  if (input.by === 'retention') return false
  const why = pin.because === undefined ? '' : `: ${pin.because}`
  throw new HoldfastError('backup.pinned', `Backup ${backupId} is pinned${why}.`, {
    hint: `When it may go: \`holdfast backup unpin ${backupId}\`, then delete it again.`,
  })
}

/** False: it was pinned meanwhile, and stays. */
async function hide(expiring: Expiring, backup: MarkedBackup): Promise<boolean> {
  const { tools, input, signal } = expiring
  const { by, quarantineMs } = input
  const { site, clock } = tools
  const before = await readMarkState(backup, signal)
  if (before.deletion === undefined)
    await addMark(backup, { kind: 'expired', by, quarantineMs }, { site, clock, signal })
  const after = await readMarkState(backup, signal)
  if (after.pin === undefined) {
    const { backupId, destination } = backup
    await forgetAlarms(expiring, backupId)
    tools.log.info('backup deleted', { backupId, destination: destination.name, by })
    return true
  }
  const cancels = [...(after.deletion?.marks ?? [])]
  await addMark(backup, { kind: 'undeleted', cancels }, { site, clock, signal })
  return false
}

/** Nobody needs to look after what goes; who brings it back can verify it again. */
async function forgetAlarms({ tools, destination }: Expiring, backupId: string): Promise<void> {
  for (const cause of [backupAlarms.damaged, backupAlarms.unrestorable])
    await tools.alarms.resolve(cause(destination.name, backupId))
}

async function removeAll(
  expiring: Expiring,
  backupIds: readonly string[],
  message: string,
): Promise<Removal> {
  const { tools, destination, input, signal } = expiring
  const { plan } = input
  let freedBytes = 0
  for (const backupId of backupIds) {
    freedBytes += await removeBackup(destination, { plan, backupId }, signal)
    await forgetAlarms(expiring, backupId)
    tools.log.info(message, { backupId, destination: destination.name })
  }
  return { backupIds, freedBytes }
}
