import { upsertSearchAttributes } from '@temporalio/workflow'
import { dataOf, missingSources, resumeStep, undoStep, type RestoreStatus } from '../core/restore-end.js'
import type { RestoreResult } from '../core/work/restore.js'
import { questionActivities, swapActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'
import { openInbox, type Inbox } from './steps/inbox.js'
import { progressBoard } from './steps/progress-board.js'
import {
  afterFailure,
  concluded,
  judged,
  stage,
  stillDown,
  swapIn,
  underPlanLock,
  whileStandingStill,
  type DataInPlace,
  type RestoreWork,
} from './steps/restore-steps.js'

export interface RestoreEndInput {
  readonly restoreId: string
  readonly host: string
  readonly verb: 'resume' | 'undo'
}

/**
 * Brings a restore that was interrupted to its end: forward, to the restored data, or back to the old. Goes by what its
 * host wrote down, and takes over its write lease. Whatever ends this run, it can be asked for again.
 */
export async function restoreEndRun(input: RestoreEndInput): Promise<RestoreResult> {
  const { host, verb } = input
  upsertSearchAttributes(attributes({ host, kind: 'restore' }))
  const inbox = openInbox()
  return judged(async () => {
    const found = await lookAt(input)
    upsertSearchAttributes(attributes({ plan: found.scope.plan, backup: found.backupId }))
    const work = workOf(found, input, inbox)
    return underPlanLock(work, `${verb} of restore ${found.restoreId}`, async () => {
      // Again, under the lock: whoever had it may have ended this restore meanwhile.
      const status = await lookAt(input)
      return concluded(work, await (verb === 'resume' ? resume(work, status) : undo(work, status)))
    })
  })
}

const lookAt = ({ host, restoreId }: RestoreEndInput): Promise<RestoreStatus> =>
  questionActivities(host, 'step').showRestore.executeWithOptions({ summary: 'how far it came' }, [restoreId])

function workOf(
  { restoreId, backupId, destination, request, scope }: RestoreStatus,
  { host, verb }: RestoreEndInput,
  inbox: Inbox,
): RestoreWork {
  const sources = scope.sources.map(({ source, type }) => ({ name: source, type }))
  const board = progressBoard(`${verb} of restore ${restoreId}`, backupId, sources)
  return { restoreId, host, backupId, destination, request, scope, inbox, board }
}

async function resume(work: RestoreWork, status: RestoreStatus) {
  const data: DataInPlace = { is: dataOf(status.state) }
  if (resumeStep(status) === 'start') return whileStandingStill(work, data, async () => [])
  const staged = [...status.items]
  const attempt = { hasSwapBegun: false }
  try {
    await stage(work, missingSources(status), staged)
    return await whileStandingStill(work, data, (grants) => {
      attempt.hasSwapBegun = true
      // The swap of the run before may be on its way still: that ours was never taken would not mean that nothing was touched.
      data.is = 'between'
      return swapIn(work, { staged, data, grants })
    })
  } catch (error) {
    if (attempt.hasSwapBegun) throw await afterFailure(work, { staged, data }, error)
    // What is staged stays for the next try, and with it what the host knows of this restore: a service may be down for it.
    throw data.is === 'between' ? stillDown(work, error) : error
  }
}

async function undo(work: RestoreWork, status: RestoreStatus) {
  const { restoreId, host, board } = work
  const data: DataInPlace = { is: dataOf(status.state) }
  const step = undoStep(status)
  if (step === 'start') return whileStandingStill(work, data, async () => [])
  // Whatever would stand in its way is found before anything stops.
  await questionActivities(host, 'step').previewUndo(restoreId)
  const putBack = async () => {
    board.enter('undoing')
    if (status.state !== 'staged') data.is = 'between'
    const undone = await swapActivities(host).undoRestore.executeWithOptions(
      { summary: 'the old data takes its place again' },
      [restoreId],
    )
    data.is = 'old'
    return undone
  }
  if (step === 'discard') return { value: await putBack(), reports: [] }
  try {
    return await whileStandingStill(work, data, putBack)
  } catch (error) {
    throw data.is === 'between' ? stillDown(work, error) : error
  }
}
