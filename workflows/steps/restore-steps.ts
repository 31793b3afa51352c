import { CancelledFailure } from '@temporalio/common'
import { CancellationScope, log, upsertSearchAttributes } from '@temporalio/workflow'
import type { HoldReport } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { errorOf, wasNeverTaken } from '../../core/failure.js'
import { releaseOf, type DataState, type RestoreScope, type RestoreSource } from '../../core/restore-end.js'
import { isServerDatabase } from '../../core/server-databases.js'
import { formatDuration } from '../../core/units.js'
import { servicesVerdictOf } from '../../core/verdicts.js'
import type { LeaseGrant } from '../../core/work/holds.js'
import type { RestoreRequest, RestoreResult, StagedItem, SwappedItem } from '../../core/work/restore.js'
import { dataActivities, swapActivities } from '../proxies.js'
import { attributes } from './attributes.js'
import type { Inbox } from './inbox.js'
import type { ProgressBoard } from './progress-board.js'
import { whileHeld, type AfterHold } from './while-held.js'
import { whilePlanIsOurs } from './while-locked.js'

/** One restore, for whichever run works on it: the first, or one that resumes or undoes it. */
export interface RestoreWork {
  readonly restoreId: string
  readonly host: string
  readonly backupId: string
  readonly destination: string
  readonly request: RestoreRequest
  readonly scope: RestoreScope
  readonly inbox: Inbox
  readonly board: ProgressBoard
}

/** What lies in place now; `whileStandingStill` looks at it when it ends. */
export interface DataInPlace {
  is: DataState
}

/** Writes down how the run ended, whichever way that was. */
export async function judged(work: () => Promise<RestoreResult>): Promise<RestoreResult> {
  try {
    const result = await work()
    upsertSearchAttributes(attributes({ outcome: result.servicesVerdict === 'ok' ? 'good' : 'not-good' }))
    return result
  } catch (error) {
    const isCancelled = CancellationScope.current().consideredCancelled
    upsertSearchAttributes(attributes({ outcome: isCancelled ? 'cancelled' : 'failed' }))
    if (isCancelled) throw new CancelledFailure('The restore was cancelled')
    throw error
  }
}

export const underPlanLock = <T>(
  { inbox, scope, host, board }: RestoreWork,
  purpose: string,
  work: () => Promise<T>,
): Promise<T> => whilePlanIsOurs(inbox, { plan: scope.plan, purpose, host, onWait: board.wait }, work)

/** Lays the sources beside their places, one after another, into `staged`: what is there when one fails can be discarded. */
export async function stage(
  { restoreId, backupId, destination, request, scope, host, board }: RestoreWork,
  sources: readonly RestoreSource[],
  staged: StagedItem[],
): Promise<void> {
  const { stageFiles, stageDatabase } = dataActivities(host)
  board.enter('staging')
  for (const { source, type } of sources) {
    board.source(source, { state: 'running' })
    // A database that is being filled twice at once is no restore: only what is files is tried again.
    const stageItem = isServerDatabase(type) ? stageDatabase : stageFiles
    staged.push(
      await stageItem.executeWithOptions({ summary: `lays ${source} beside its place` }, [
        { restoreId, backupId, destination, source, request, scope },
      ]),
    )
    board.source(source, { state: 'done' })
  }
}

/**
 * Does `work` while the services of the restore stand still under its write lease. What `data` says at the end decides
 * whether they start again. Without anything in place to be replaced, nothing needs to stand still.
 */
export async function whileStandingStill<T>(
  { scope: { hold }, host, restoreId, inbox, board }: RestoreWork,
  data: DataInPlace,
  work: (grants: readonly LeaseGrant[]) => Promise<T>,
): Promise<AfterHold<T>> {
  if (hold === undefined || hold.services.length === 0) return { value: await work([]), reports: [] }
  const releaseAs = () => releaseOf(data.is)
  return whileHeld(
    inbox,
    { host, hold, kind: 'write', restoreId, onChange: board.hold, releaseAs },
    ({ grants }) => work(grants),
  )
}

export interface Swap {
  readonly staged: readonly StagedItem[]
  readonly data: DataInPlace
  readonly grants: readonly LeaseGrant[]
}

/** What was staged takes the place of the old, or all is put back. What no worker has taken has changed nothing. */
export async function swapIn(
  { host, board }: RestoreWork,
  { staged, data, grants }: Swap,
): Promise<readonly SwappedItem[]> {
  board.enter('swapping')
  const before = data.is
  data.is = 'between'
  const { swapRestore } = swapActivities(host)
  const summary = 'the restored takes the place of the old'
  try {
    const swapped = await swapRestore.executeWithOptions({ summary }, [staged, grants])
    data.is = 'new'
    return swapped
  } catch (error) {
    if (wasNeverTaken(error)) data.is = before
    // The old data is in its place: nothing is half restored, and the services may start.
    if (errorOf(error)?.details?.['state'] === 'undone') data.is = 'old'
    throw error
  }
}

/** After a failure: what lies beside its place goes where the old data is in use, and people learn what to do where it is not. */
export async function afterFailure(
  work: RestoreWork,
  { staged, data }: { staged: readonly StagedItem[]; data: DataInPlace },
  error: unknown,
): Promise<unknown> {
  if (data.is === 'between') return stillDown(work, error)
  if (data.is === 'old') await CancellationScope.nonCancellable(() => discard(work, staged))
  return error
}

/** What was laid beside its place is of no use any more; the old data was not touched. */
async function discard({ host }: RestoreWork, staged: readonly StagedItem[]): Promise<void> {
  if (staged.length === 0) return
  try {
    await dataActivities(host).discardRestore(staged)
  } catch (error) {
    log.warn('what was staged was not removed', { error: String(error) })
  }
}

export function stillDown({ scope, restoreId }: RestoreWork, error: unknown): unknown {
  const known = errorOf(error)
  const services = scope.hold?.services ?? []
  if (known === undefined) return error
  const down = services.length === 0 ? '' : ` ${services.join(', ')}: not started again.`
  return new HoldfastError(known.code, `${known.message}${down}`, {
    hint: `Data may be half restored. \`holdfast restore resume ${restoreId}\` finishes it, \`holdfast restore undo ${restoreId}\` brings the old data back.`,
    ...(known.details === undefined ? {} : { details: known.details }),
  })
}

export function concluded(
  { backupId, board }: RestoreWork,
  { value, reports }: AfterHold<readonly SwappedItem[]>,
): RestoreResult {
  const result = { backupId, items: value, holds: reports, servicesVerdict: servicesVerdictOf(reports) }
  board.conclude(detailsOf(result))
  return result
}

function detailsOf({ items, holds }: RestoreResult): string {
  const lines = [
    ...items.flatMap(({ source, restored }) => restored.map((what) => `- ${source}: ${what}`)),
    ...holds.map(
      ({ service, health, downtimeMs }: HoldReport) =>
        `- ${service}: ${health}${downtimeMs === undefined ? '' : `, down for ${formatDuration(downtimeMs)}`}`,
    ),
  ]
  return lines.join('\n')
}
