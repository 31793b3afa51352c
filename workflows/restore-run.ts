import { CancelledFailure } from '@temporalio/common'
import { CancellationScope, log, upsertSearchAttributes } from '@temporalio/workflow'
import type { HoldReport } from '../core/backup.js'
import { HoldfastError } from '../core/errors.js'
import { errorOf } from '../core/failure.js'
import { workflowIds } from '../core/ids.js'
import { formatDuration } from '../core/units.js'
import { servicesVerdictOf } from '../core/verdicts.js'
import type { RestorePreview, RestoreRequest, RestoreResult, StagedItem, SwappedItem } from '../core/work.js'
import { dataActivities, questionActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'
import { openInbox, type Inbox } from './steps/inbox.js'
import { progressBoard, type ProgressBoard } from './steps/progress-board.js'
import { whileHeld, type AfterHold } from './steps/while-held.js'
import { whileLockedWaiting } from './steps/while-locked.js'

export interface RestoreRunInput {
  readonly request: RestoreRequest
  /** `<backup id>/<n>`; whatever carries on with this restore carries on with its id. */
  readonly restoreId: string
  readonly host: string
}

interface Run extends RestoreRunInput {
  readonly preview: RestorePreview
  readonly inbox: Inbox
  readonly board: ProgressBoard
}

/** How far a restore went: it decides whether its services may be started. */
type SwapState = 'not-begun' | 'begun' | 'complete'

/**
 * Puts a backup back: everything is read, checked and laid beside its place first; then, with the services held under a
 * write lease, it takes the place of the old. A failure before that leaves all as it was. After it had begun, the services
 * stay down: they are not started on data that may be half restored.
 */
export async function restoreRun(input: RestoreRunInput): Promise<RestoreResult> {
  const { request, restoreId, host } = input
  upsertSearchAttributes(attributes({ host, kind: 'restore', backup: request.reference.backupId }))
  const inbox = openInbox()
  try {
    const { previewRestore } = questionActivities(host, 'step')
    const preview = await previewRestore.executeWithOptions({ summary: 'what it would do' }, [
      request,
      restoreId,
    ])
    upsertSearchAttributes(attributes({ plan: preview.plan, backup: preview.backupId }))
    const board = progressBoard(
      `restore of ${preview.backupId}`,
      preview.backupId,
      preview.items.map(({ source, type }) => ({ name: source, type })),
    )
    const result = await underPlanLock({ ...input, preview, inbox, board })
    upsertSearchAttributes(attributes({ outcome: result.servicesVerdict === 'ok' ? 'good' : 'not-good' }))
    board.conclude(detailsOf(result))
    return result
  } catch (error) {
    const isCancelled = CancellationScope.current().consideredCancelled
    upsertSearchAttributes(attributes({ outcome: isCancelled ? 'cancelled' : 'failed' }))
    if (isCancelled) throw new CancelledFailure('The restore was cancelled')
    throw error
  }
}

const underPlanLock = (run: Run): Promise<RestoreResult> =>
  whileLockedWaiting(
    run.inbox,
    {
      lock: workflowIds.planLock(run.preview.plan),
      places: 1,
      mode: 'exclusive',
      purpose: `restore of ${run.preview.backupId}`,
      host: run.host,
      onWait: run.board.wait,
    },
    () => restore(run),
  )

async function restore(run: Run): Promise<RestoreResult> {
  const staged: StagedItem[] = []
  let swap: SwapState = 'not-begun'
  try {
    await stage(run, staged)
    const { value, reports } = await whileHeldForSwap(
      run,
      () => swap,
      async () => {
        swap = 'begun'
        const swapped = await swapIn(run, staged).catch((error: unknown) => {
          // The old data is back in its place: nothing is half restored, and the services may start.
          if (errorOf(error)?.details?.['state'] === 'undone') swap = 'not-begun'
          throw error
        })
        swap = 'complete'
        return swapped
      },
    )
    return {
      backupId: run.preview.backupId,
      items: value,
      holds: reports,
      servicesVerdict: servicesVerdictOf(reports),
    }
  } catch (error) {
    if (wasBegun(swap)) throw afterSwapBegan(run, error)
    await CancellationScope.nonCancellable(() => discard(run, staged))
    throw error
  }
}

/** A function, since the compiler does not see that a callback has changed the variable. */
const wasBegun = (swap: SwapState): boolean => swap !== 'not-begun'

async function stage({ preview, request, restoreId, host, board }: Run, staged: StagedItem[]): Promise<void> {
  const { stageFiles, stageDatabase } = dataActivities(host)
  board.enter('staging')
  for (const { source, type } of preview.items) {
    board.source(source, { state: 'running' })
    // A database that is being filled twice at once is no restore: only what is files is tried again.
    const stageItem = type === 'postgres' ? stageDatabase : stageFiles
    const { backupId, destination } = preview
    staged.push(
      await stageItem.executeWithOptions({ summary: `lays ${source} beside its place` }, [
        { restoreId, backupId, destination, source, request },
      ]),
    )
    board.source(source, { state: 'done' })
  }
}

/** Without anything in place to be replaced, nothing needs to stand still. */
async function whileHeldForSwap<T>(
  { preview, host, restoreId, inbox, board }: Run,
  swap: () => SwapState,
  work: () => Promise<T>,
): Promise<AfterHold<T>> {
  const { hold } = preview
  if (hold === undefined || hold.services.length === 0) return { value: await work(), reports: [] }
  const releases = { 'not-begun': 'undone', begun: undefined, complete: 'restored' } as const
  return whileHeld(
    inbox,
    { host, hold, kind: 'write', restoreId, onChange: board.hold, releaseAs: () => releases[swap()] },
    work,
  )
}

async function swapIn({ host, board }: Run, staged: readonly StagedItem[]): Promise<readonly SwappedItem[]> {
  board.enter('swapping')
  return dataActivities(host).swapRestore.executeWithOptions(
    { summary: 'the restored takes the place of the old' },
    [staged],
  )
}

/** What was laid beside its place is of no use any more; the old data was not touched. */
async function discard({ host }: Run, staged: readonly StagedItem[]): Promise<void> {
  if (staged.length === 0) return
  try {
    await dataActivities(host).discardRestore(staged)
  } catch (error) {
    log.warn('what was staged was not removed', { error: String(error) })
  }
}

function afterSwapBegan({ preview }: Run, error: unknown): unknown {
  const known = errorOf(error)
  const services = preview.hold?.services ?? []
  if (known === undefined || services.length === 0) return error
  return new HoldfastError(known.code, `${known.message} ${services.join(', ')}: not started again.`, {
    hint: 'Data may be half restored. Compare it with its safety copy, put it right, then start the services.',
    ...(known.details === undefined ? {} : { details: known.details }),
  })
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
