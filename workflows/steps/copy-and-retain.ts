import type { BackupSummary } from '../../core/backup.js'
import { isCopied, type CopyReport, type ReplicateInput } from '../../core/copies.js'
import { rulesAt, type BackupJob } from '../../core/job.js'
import type { BackupRunResult, CopyResult } from '../../core/work/runs.js'
import { applyRetention } from './apply-retention.js'
import type { CaptureRun } from './capture-sets.js'
import { makeCopies } from './make-copies.js'

/** The rest is made by later runs: whoever waits for this one, or for the plan, waits for a bounded number. */
const EARLIER_AT_MOST = 10

/** The new backup, and what earlier runs could not copy, to all destinations but the first. */
export async function copyToOthers(run: CaptureRun & { readonly liftLimit: () => void }) {
  const { job, backupId, board } = run
  const copies = wishesOf(job, { backupId, othersAtMost: EARLIER_AT_MOST })
  if (copies.length === 0) return []
  // The backup stands and its services run: copies have a limit of their own.
  run.liftLimit()
  const { host, plan, site } = job
  const reports = await makeCopies({ host, plan, site, board, copies })
  for (const { left, destination } of reports.filter(({ left }) => left > 0))
    board.warn(
      `${left} more backups have no copy at "${destination}" yet: the next runs make some each, \`holdfast backup replicate ${plan}\` all of them.`,
    )
  return reports
}

/** From the first destination of the job to each of the others. */
const wishesOf = (
  { plan, site, timezone, destinations, ...job }: BackupJob,
  which: Pick<ReplicateInput, 'backupId' | 'othersAtMost'>,
): readonly ReplicateInput[] => {
  const [from = '', ...others] = destinations
  return others.map((to) => {
    const rules = rulesAt(job, to)
    return { plan, site, from, to, timezone, ...which, ...(rules === undefined ? {} : { rules }) }
  })
}

/** At every destination by its own rules, and by what is there. Where copies are missing, nothing goes. */
export async function retainEverywhere(
  run: CaptureRun,
  summary: BackupSummary,
  {
    verification,
    reports,
  }: { verification: BackupRunResult['verification']; reports: readonly CopyReport[] },
) {
  const retention = await applyRetention(run, run.destination, summary, verification)
  const copiesAt: CopyResult[] = []
  for (const report of reports) {
    const { destination } = report
    copiesAt.push({
      ...report,
      retention: isCopied(report)
        ? await applyRetention(run, destination, summary, verification)
        : { expired: [], removed: [], note: 'a copy is missing there' },
    })
  }
  return { retention, copiesAt }
}
