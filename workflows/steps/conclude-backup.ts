import { CancellationScope } from '@temporalio/workflow'
import { dataVerdictOf, type BackupSummary } from '../../core/backup.js'
import { errorOf } from '../../core/failure.js'
import type { BackupJob } from '../../core/job.js'
import { notCapturedOf, outcomeOf, servicesVerdictOf } from '../../core/verdicts.js'
import type { BackupRunResult } from '../../core/work.js'
import { raise, resolve, runAlarms } from './alarms.js'
import type { CapturedSet, CaptureRun } from './capture-sets.js'
import { clearAway, retain } from './retain.js'

interface FinishedRun extends CaptureRun {
  /** Workflow time, in milliseconds. */
  readonly startedAt: number
}

/** The backup stands: what follows from it. Retention, alarms that are over or have begun, the result. */
export async function concludeBackup(
  run: FinishedRun,
  captured: CapturedSet,
  summary: BackupSummary,
): Promise<BackupRunResult> {
  const { job, backupId, startedAt } = run
  const services = servicesVerdictOf(captured.reports)
  const outcome = outcomeOf(summary, services)
  const isInconsistent = dataVerdictOf(captured.items) === 'inconsistent'
  if (isInconsistent) await raise(job.host, inconsistentAlarm(job, backupId))
  const retention = await applyRetention(run, summary)
  if (outcome === 'good') {
    await resolve(job.host, [
      runAlarms.failed(job.plan),
      runAlarms.inconsistent(job.plan),
      ...(retention.note === undefined ? [runAlarms.retention(job.plan)] : []),
    ])
  }
  return {
    outcome,
    backupId,
    plan: job.plan,
    data: summary.data,
    services,
    summary,
    holds: captured.reports,
    notCaptured: notCapturedOf(captured.items),
    retention,
    durationMs: Date.now() - startedAt,
  }
}

/** Only after a good backup: failing runs must never age the good ones away. The backup stands, whatever this does. */
async function applyRetention(
  { job, board, destination }: FinishedRun,
  { isGood }: BackupSummary,
): Promise<NonNullable<BackupRunResult['retention']>> {
  const nothing = { expired: [], removed: [] }
  if (!isGood) return { ...nothing, note: 'only a good backup lets older ones go' }
  board.enter('retention')
  const { plan, site, timezone, host, retention: rules } = job
  try {
    if (rules === undefined) {
      const { removed } = await clearAway(host, { plan, destination })
      return { expired: [], removed, note: 'the plan has no retention' }
    }
    const { expired } = await retain(host, { plan, site, destination, rules, timezone })
    return { expired: expired.expired ?? [], removed: expired.removed }
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error
    const note = `retention failed: ${errorOf(error)?.message ?? String(error)}`
    await raise(host, {
      cause: runAlarms.retention(plan),
      summary: `Old backups of ${plan} were not removed: ${note}.`,
      hint: `See why, then run \`holdfast backup cleanup ${plan}\`.`,
      plan,
    })
    return { ...nothing, note }
  }
}

const inconsistentAlarm = ({ plan }: BackupJob, backupId: string) => ({
  cause: runAlarms.inconsistent(plan),
  summary: `The hold did not last while ${plan} was read: the backup ${backupId} is inconsistent.`,
  hint: 'Run the plan again; allow a longer `hold.maxDowntime`, or find out who started the services.',
  plan,
})
