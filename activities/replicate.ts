import { Context } from '@temporalio/activity'
import type { CopyProgress, CopyReport, ReplicateInput } from '../core/copies.js'
import { HoldfastError, type ErrorCode } from '../core/errors.js'
import { decideReplication, pickDue, type Due } from '../core/replication.js'
import type { DataActivities } from './activities.js'
import { copyBackup } from './catalog/copy-backup.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** Copies from one destination to another. Only under the lock of the plan: nothing removes what is copied. */
export const replicateActivities = (tools: Tools): Pick<DataActivities, 'replicate'> => ({
  replicate: (input) => {
    const progress = beginOf(input)
    return withHeartbeat(
      (signal) => replicate({ tools, input, progress, signal }),
      () => progress,
    )
  },
})

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Replication {
  readonly tools: Tools
  readonly input: ReplicateInput
  readonly progress: Mutable<CopyProgress>
  readonly signal: AbortSignal
}

/** What an attempt before has copied was copied now, all the same. */
function beginOf({ to: destination }: ReplicateInput): Mutable<CopyProgress> {
  const before = Context.current().info.heartbeatDetails as CopyProgress | undefined
  const { copied = [], bytes = 0 } = before?.destination === destination ? before : {}
  return { destination, copied, bytes, backupBytes: 0, backupTotalBytes: 0 }
}

async function replicate({ tools, input, progress, signal }: Replication): Promise<CopyReport> {
  const from = await tools.destination(input.from, signal)
  const to = await tools.destination(input.to, signal)
  const due = await decide(tools, input, signal)
  const failed: CopyReport['failed'][number][] = due.refused === undefined ? [] : [due.refused]
  for (const backupId of due.now) {
    const problem = await copyOne({ tools, input, progress, signal }, { from, to, backupId })
    if (problem !== undefined) failed.push({ backupId, problem })
  }
  const { destination, copied, bytes } = progress
  return { destination, copied, bytes, failed, left: due.left }
}

/** By what is at both ends now: another attempt finds what the one before has copied. */
async function decide(
  { catalog, clock, log }: Tools,
  input: ReplicateInput,
  signal: AbortSignal,
): Promise<Due> {
  const { plan, site, from, to, rules, timezone } = input
  const here = await catalog.list({ plan, destination: from, among: 'all' }, signal)
  const there = await catalog.list({ plan, destination: to, among: 'all' }, signal)
  for (const reason of [...here.problems, ...there.problems])
    log.warn('not all backups are known to what copies them', { plan, reason })
  const decisions = decideReplication({
    ...{ plan, site, to, timezone, here: here.backups, there: there.backups },
    now: clock().toISOString(),
    ...(rules === undefined ? {} : { rules }),
  })
  return pickDue(decisions, input)
}

/** Answers why this one backup cannot be copied; what is in the way of all of them is thrown. */
async function copyOne(
  { tools, input: { plan }, progress, signal }: Replication,
  { from, to, backupId }: { readonly from: Destination; readonly to: Destination; readonly backupId: string },
): Promise<string | undefined> {
  try {
    // Opened where a key of it is here: what is not as it was signed is not spread.
    const { manifest } = await tools.catalog.find({ backupId, destination: from.name }, signal)
    Object.assign(progress, { backupId, backupBytes: 0, backupTotalBytes: storedBytesOf(manifest) })
    const onBytes = (more: number) => {
      progress.backupBytes += more
    }
    await copyBackup({ from, to, onBytes, signal }, { plan, backupId })
    progress.copied = [...progress.copied, backupId]
    progress.bytes += progress.backupBytes
    tools.log.info('backup copied', { backupId, from: from.name, to: to.name, bytes: progress.backupBytes })
    return undefined
  } catch (error) {
    if (!(error instanceof HoldfastError) || !OF_ONE_BACKUP.has(error.code)) throw error
    tools.log.warn('backup not copied', { backupId, from: from.name, to: to.name, reason: error.message })
    return error.message
  }
}

const storedBytesOf = ({
  items,
}: {
  readonly items: readonly { readonly objects: readonly { readonly storedBytes: number }[] }[]
}): number =>
  items.reduce(
    (total, { objects }) => total + objects.reduce((sum, object) => sum + object.storedBytes, 0),
    0,
  )

/** The others can still be copied. */
const OF_ONE_BACKUP: ReadonlySet<ErrorCode> = new Set([
  'object.corrupt',
  'object.conflict',
  'object.not-found',
  'backup.corrupt',
  'backup.version',
  'backup.not-found',
  'backup.deleted',
])
