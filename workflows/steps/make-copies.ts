import { CancellationScope, log } from '@temporalio/workflow'
import { isCopied, type CopyReport, type ReplicateInput } from '../../core/copies.js'
import { errorOf } from '../../core/failure.js'
import { replicationLimitMs } from '../../core/replication.js'
import { replicateActivity, waitActivities } from '../proxies.js'
import { raise, resolve, runAlarms } from './alarms.js'
import type { ProgressBoard } from './progress-board.js'

export interface CopyWish {
  readonly host: string
  readonly plan: string
  readonly site: string
  readonly board: ProgressBoard
  /** One for each destination. */
  readonly copies: readonly ReplicateInput[]
}

/**
 * Makes the copies at all destinations at once: none waits for another, and none fails the run. What is missing in the end is
 * in the reports, and an alarm of its destination until it is there.
 */
export async function makeCopies(wish: CopyWish): Promise<readonly CopyReport[]> {
  const { host, plan, site, board, copies } = wish
  board.enter('copying')
  const limitMs = replicationLimitMs(Date.now(), await nextRunOf(host, { plan, site }))
  const replicate = replicateActivity(host, limitMs)
  return Promise.all(
    copies.map(async (input) => {
      const { to: destination } = input
      board.copy({ destination, state: 'running' })
      const report = await reportOf(destination, () =>
        replicate.executeWithOptions({ summary: `copies of ${plan} to ${destination}` }, [input]),
      )
      board.copy({ destination, state: isCopied(report) ? 'done' : 'failed' })
      await tellOf(host, plan, report)
      return report
    }),
  )
}

/** Not knowing it only means that the next run may have to wait, visibly. */
async function nextRunOf(
  host: string,
  of: { readonly plan: string; readonly site: string },
): Promise<number | undefined> {
  try {
    const next = await waitActivities(host).nextRun(of)
    return next == null ? undefined : new Date(next).getTime()
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error
    log.warn('when the plan runs next is not known', { plan: of.plan, error: String(error) })
    return undefined
  }
}

async function reportOf(destination: string, work: () => Promise<CopyReport>): Promise<CopyReport> {
  try {
    return await work()
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error
    const problem = errorOf(error)?.message ?? String(error)
    return { destination, copied: [], bytes: 0, failed: [], left: 0, problem }
  }
}

async function tellOf(host: string, plan: string, report: CopyReport): Promise<void> {
  const { destination, failed, problem } = report
  const cause = runAlarms.copies(plan, destination)
  if (isCopied(report)) return resolve(host, [cause])
  const [first] = failed
  const why = problem ?? (first === undefined ? '' : `${first.backupId}: ${first.problem}`)
  await raise(host, {
    cause,
    summary: `Copies of ${plan} are missing at "${destination}": ${why}`,
    hint: `Mend it; the next run makes them, or \`holdfast backup replicate ${plan}\` now.`,
    plan,
  })
}
