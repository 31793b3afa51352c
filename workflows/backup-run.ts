import { CancelledFailure } from '@temporalio/common'
import { CancellationScope, log, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import type { BackupSummary } from '../core/backup.js'
import { HoldfastError } from '../core/errors.js'
import { errorOf } from '../core/failure.js'
import { workflowIds } from '../core/ids.js'
import type { BackupJob, BackupRunInput, ResolvedSet, SourceSet } from '../core/job.js'
import { selectSets, withResolvedHolds } from '../core/sets.js'
import { servicesVerdictOf } from '../core/verdicts.js'
import type { BackupRunResult } from '../core/work/runs.js'
import { dataActivities, questionActivities } from './proxies.js'
import { raise, runAlarms } from './steps/alarms.js'
import { attributes } from './steps/attributes.js'
import { identityOf } from './steps/backup-identity.js'
import { captureSet, encryptionOf, type CaptureRun, type CapturedSet } from './steps/capture-sets.js'
import { concludeBackup } from './steps/conclude-backup.js'
import { openInbox } from './steps/inbox.js'
import { progressBoard } from './steps/progress-board.js'
import { resultDetails } from './steps/result-details.js'
import { whileLockedOrSkipped, whileLockedWaiting, type LockWish } from './steps/while-locked.js'
import { withinLimit } from './steps/within-limit.js'

interface Run extends CaptureRun {
  readonly input: BackupRunInput
  readonly sets: readonly SourceSet[]
  readonly startedAt: number
  /** Ends the limit of the whole run. */
  readonly liftLimit: () => void
}

/** Its host has looked up what its holds mean. */
type ReadyRun = Omit<Run, 'sets'> & { readonly sets: readonly ResolvedSet[] }

/**
 * One run of a plan: reads every source, publishes one backup, applies retention. Ends with a result, also when the
 * backup is not good or the run was skipped; fails when there is no backup, and leaves nothing of it behind.
 */
export async function backupRun(input: BackupRunInput): Promise<BackupRunResult> {
  const run = begin(input)
  const { job, board } = run
  try {
    const result = await withinLimit(job.timeoutMs, `backup of ${job.plan}`, (liftLimit) =>
      underPlanLock({ ...run, liftLimit }),
    )
    upsertSearchAttributes(attributes({ outcome: result.outcome }))
    board.conclude(resultDetails(result))
    return result
  } catch (error) {
    // A worker that died during the cancellation makes a timeout of it: the scope knows better than the error.
    const isCancelled = CancellationScope.current().consideredCancelled
    const known = errorOf(error)
    upsertSearchAttributes(attributes({ outcome: isCancelled ? 'cancelled' : 'failed' }))
    board.conclude(isCancelled ? 'cancelled' : `failed: ${known?.message ?? String(error)}`)
    if (isCancelled) throw new CancelledFailure('The run was cancelled')
    await raise(job.host, failedAlarm(job, error))
    throw error
  }
}

function begin(input: BackupRunInput): Omit<Run, 'liftLimit'> {
  const { job } = input
  const { backupId, takenAt } = identityOf(input)
  upsertSearchAttributes(
    attributes({ site: job.site, plan: job.plan, host: job.host, kind: 'backup', backup: backupId }),
  )
  const sets = selectSets(job, input.onlySources)
  const sources = sets.flatMap((set) => set.sources.map(({ name, source }) => ({ name, type: source.type })))
  const destination = job.destinations[0]
  if (destination === undefined) {
    throw new HoldfastError('plan.invalid', `The plan "${job.plan}" names no destination.`, {
      hint: 'Name one under `destinations`.',
    })
  }
  return {
    input,
    job,
    backupId,
    takenAt,
    destination,
    sets,
    inbox: openInbox(),
    board: progressBoard(`backup of ${job.plan}`, backupId, sources),
    startedAt: Date.now(),
  }
}

/** One run of a plan at a time. Whoever asked by hand waits; a schedule's next run will come anyway. */
async function underPlanLock(run: Run): Promise<BackupRunResult> {
  const { job, inbox, input } = run
  const wish = lockWish(run, { lock: workflowIds.planLock(job.plan), places: 1 })
  if (input.startedBy === 'person') return whileLockedWaiting(inbox, wish, () => backUp(run))
  const outcome = await whileLockedOrSkipped(inbox, wish, () => backUp(run))
  return 'value' in outcome ? outcome.value : skipped(run, outcome.heldBy)
}

const lockWish = ({ job, board }: Run, lock: Pick<LockWish, 'lock' | 'places'>): LockWish => ({
  ...lock,
  mode: 'exclusive',
  purpose: `backup of ${job.plan}`,
  host: job.host,
  onWait: board.wait,
})

async function backUp(run: Run): Promise<BackupRunResult> {
  const { job, board, input } = run
  board.enter('preflight')
  const { preflight } = questionActivities(job.host, 'step')
  // All that can fail is tried before anything stops.
  const found = await preflight.executeWithOptions({ summary: 'can it be read, held and stored?' }, [
    { job, ...(input.onlySources === undefined ? {} : { onlySources: input.onlySources }) },
  ])
  for (const warning of found.warnings) {
    log.warn('preflight', { warning })
    board.warn(warning)
  }
  const sets = withResolvedHolds(run.sets, found.holds)
  const ready = { ...run, sets, ...(found.route === undefined ? {} : { route: found.route }) }
  let isPublished = false
  try {
    const captured = await underCapturePlace(ready)
    const summary = await publish(ready, captured)
    isPublished = true
    return await concludeBackup(ready, captured, summary)
  } finally {
    if (!isPublished) await CancellationScope.nonCancellable(() => discard(ready))
  }
}

/** A place before the first lease: no service waits, stopped, for another run's capture. */
const underCapturePlace = (run: ReadyRun): Promise<CapturedSet> =>
  whileLockedWaiting(
    run.inbox,
    lockWish(run, { lock: workflowIds.capturePlaces(run.job.host), places: 'captures' }),
    () => captureSets(run),
  )

async function captureSets(run: ReadyRun): Promise<CapturedSet> {
  const { backupId, destination, job } = run
  const { workflowId, runId } = workflowInfo()
  const place = { backupId, plan: job.plan, site: job.site, destination, ...encryptionOf(job) }
  await dataActivities(job.host).prepareBackup({ ...place, run: { workflowId, runId } })
  const captured: CapturedSet[] = []
  // What is live first: nothing stands still while it is read.
  const inOrder = [...run.sets].sort((a, b) => Number(a.hold !== undefined) - Number(b.hold !== undefined))
  for (const set of inOrder) captured.push(await captureSet(run, set))
  refuseInconsistent(job, inOrder, captured)
  return {
    items: captured.flatMap(({ items }) => items),
    reports: captured.flatMap(({ reports }) => reports),
  }
}

function refuseInconsistent(
  job: BackupJob,
  sets: readonly ResolvedSet[],
  captured: readonly CapturedSet[],
): void {
  const refused = sets.find(
    ({ hold }, i) => hold?.onInconsistent === 'fail' && captured[i]?.items.some((item) => !item.isConsistent),
  )
  if (refused === undefined) return
  const services = refused.hold?.services.join(', ')
  throw new HoldfastError(
    'backup.inconsistent',
    `The hold of ${services} did not last while ${job.plan} was read, and the plan keeps no such backup.`,
    { hint: 'Allow a longer `hold.maxDowntime`, or keep such backups with `hold.onInconsistent: keep`.' },
  )
}

async function publish(run: ReadyRun, { items, reports }: CapturedSet): Promise<BackupSummary> {
  const { job, input, backupId, takenAt, destination } = run
  const { workflowId, runId } = workflowInfo()
  const isSubset =
    run.sets.flatMap((set) => set.sources).length < job.sets.flatMap((set) => set.sources).length
  run.board.enter('publishing')
  const { summary } = await dataActivities(job.host).publish({
    job,
    backupId,
    takenAt,
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(isSubset && input.onlySources !== undefined ? { subsetOf: input.onlySources } : {}),
    destination,
    items,
    holds: reports,
    servicesVerdict: servicesVerdictOf(reports),
    completedAt: new Date().toISOString(),
    run: { workflowId, runId },
  })
  return summary
}

/** What a run left that has no manifest. Refused where there is one: then the backup was published after all. */
async function discard({ job, backupId, destination }: Run): Promise<void> {
  try {
    const { plan, site, host } = job
    await dataActivities(host).discardBackup({ backupId, plan, site, destination })
  } catch (error) {
    log.warn('what the run left was not removed', { backupId, error: String(error) })
  }
}

const skipped = ({ job, backupId, startedAt }: Run, heldBy: readonly string[]): BackupRunResult => ({
  outcome: 'skipped',
  backupId,
  plan: job.plan,
  data: 'failed',
  services: 'ok',
  holds: [],
  notCaptured: {},
  skippedFor: heldBy.join(', '),
  durationMs: Date.now() - startedAt,
})

const failedAlarm = ({ plan }: BackupJob, error: unknown) => ({
  cause: runAlarms.failed(plan),
  summary: `The backup of ${plan} failed: ${errorOf(error)?.message ?? String(error)}`,
  hint:
    errorOf(error)?.hint ??
    `See \`holdfast run list --plan ${plan}\`, mend the cause, and run the plan again.`,
  plan,
})
