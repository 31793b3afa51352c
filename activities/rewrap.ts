import { Context } from '@temporalio/activity'
import { HoldfastError, type ErrorCode } from '../core/errors.js'
import type { RewrapInput, RewrapReport } from '../core/rotation-steps.js'
import type { DataActivities } from './activities.js'
import { wrappedBackups } from './catalog/wrapped-backups.js'
import { withHeartbeat } from './heartbeat.js'
import { rewrapDataKey } from './keys/data-key.js'
import type { Key } from './keys/key.js'
import type { Tools } from './tools.js'

/** Details of the heartbeat: what is wrapped anew is not found again, so that another attempt only has to count on. */
interface Progress {
  rewrapped: number
}

/** Wraps data keys by another key. Only under the lock of the plan: nobody makes, copies or removes its backups meanwhile. */
export const rewrapActivities = (tools: Tools): Pick<DataActivities, 'rewrap'> => ({
  rewrap: (input) => {
    const before = Context.current().info.heartbeatDetails as Progress | undefined
    const progress: Progress = { rewrapped: before?.rewrapped ?? 0 }
    return withHeartbeat(
      (signal) => rewrap(tools, input, progress, signal),
      () => progress,
    )
  },
})

/** More would not be read. */
const PROBLEMS_NAMED = 20

async function rewrap(
  tools: Tools,
  input: RewrapInput,
  progress: Progress,
  signal: AbortSignal,
): Promise<RewrapReport> {
  const { plan, site } = input
  const from = await requireSameKey(tools, input.from)
  const to = await requireSameKey(tools, input.to)
  const destination = await tools.destination(input.destination, signal)
  const backups = await wrappedBackups(tools.catalog, destination, { plan, keyIds: [from.id] }, signal)
  const problems: string[] = []
  for (const { backupId } of backups.filter((backup) => backup.site === site)) {
    signal.throwIfAborted()
    try {
      if (!(await rewrapDataKey({ destination, plan, backupId }, { from, to }, signal))) continue
      progress.rewrapped++
      tools.log.info('data key wrapped anew', { backupId, destination: destination.name, keyId: to.id })
    } catch (error) {
      if (!(error instanceof HoldfastError) || !OF_ONE_BACKUP.has(error.code)) throw error
      tools.log.warn('data key not wrapped anew', {
        backupId,
        destination: destination.name,
        reason: error.message,
      })
      problems.push(`${backupId}: ${error.message}`)
    }
  }
  return {
    rewrapped: progress.rewrapped,
    left: problems.length,
    problems: problems.slice(0, PROBLEMS_NAMED),
  }
}

/** The key of this name, as it was when the rotation was decided: a file may have been exchanged meanwhile. */
async function requireSameKey(
  { keys, site: { host } }: Tools,
  { name, keyId }: RewrapInput['from'],
): Promise<Key> {
  const key = await keys.named(name)
  if (key.id === keyId) return key
  throw new HoldfastError(
    'key.invalid',
    `Key "${name}" of host "${host}" has the id ${key.id} now; when the rotation began it was ${keyId}.`,
    { hint: 'Bring the right key back, and rotate again: what was done stays done.' },
  )
}

/**
 * The others can still be wrapped anew. Where nothing may be deleted, each gets its new wrap all the same, and keeps the old.
 */
const OF_ONE_BACKUP: ReadonlySet<ErrorCode> = new Set([
  'object.corrupt',
  'object.conflict',
  'object.not-found',
  'destination.denied',
])
