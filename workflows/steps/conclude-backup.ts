import { backupAlarms } from '../../core/backup-alarms.js'
import { withMarks, type BackupSummary } from '../../core/backup.js'
import { copiesVerdictOf } from '../../core/copies.js'
import type { BackupJob } from '../../core/job.js'
import { notCapturedOf, outcomeOf, servicesVerdictOf } from '../../core/verdicts.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { raise, resolve, runAlarms } from './alarms.js'
import type { CapturedSet, CaptureRun } from './capture-sets.js'
import { copyToOthers, retainEverywhere } from './copy-and-retain.js'
import { verifyAfter } from './verify-after.js'

interface FinishedRun extends CaptureRun {
  /** Workflow time, in milliseconds. */
  readonly startedAt: number
  readonly liftLimit: () => void
}

/** The backup stands: what follows from it. Verification, copies, retention, alarms that are over or have begun, the result. */
export async function concludeBackup(
  run: FinishedRun,
  captured: CapturedSet,
  published: BackupSummary,
): Promise<BackupRunResult> {
  const { job, backupId, startedAt } = run
  const services = servicesVerdictOf(captured.reports)
  if (published.data === 'inconsistent') await raise(job.host, inconsistentAlarm(job, backupId))
  if (published.data === 'suspect') await raise(job.host, suspectAlarm(job, backupId))
  const verification = await verifyAfter(run)
  const summary = asVerified(published, verification)
  const reports = await copyToOthers(run)
  const copies = reports.length === 0 ? undefined : copiesVerdictOf(reports)
  const outcome = verification?.outcome === 'not-done' ? 'not-good' : outcomeOf(summary, services, copies)
  const { retention, copiesAt } = await retainEverywhere(run, summary, { verification, reports })
  const warnings = run.board.warnings()
  // A copy that is missing has an alarm of its own.
  if (outcome === 'good' || outcome === 'partial') {
    const isRetained = [retention, ...copiesAt.map((copy) => copy.retention)].every(
      (done) => done?.note === undefined,
    )
    await resolve(job.host, [
      runAlarms.failed(job.plan),
      runAlarms.inconsistent(job.plan),
      ...(job.plausibility === undefined ? [] : [backupAlarms.suspect(job.plan)]),
      ...(isRetained ? [runAlarms.retention(job.plan)] : []),
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
    ...(verification === undefined ? {} : { verification }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(copies === undefined ? {} : { copies, copiesAt }),
    retention,
    durationMs: Date.now() - startedAt,
  }
}

/** What the verification says of the backup, before anybody reads its mark. */
function asVerified(summary: BackupSummary, verification: BackupRunResult['verification']): BackupSummary {
  if (verification === undefined || verification.outcome === 'not-done') return summary
  const { outcome, problems } = verification
  const at = new Date(Date.now()).toISOString()
  const [problem] = problems
  return withMarks(summary, {
    ...summary.marks,
    verification: { outcome, at, ...(problem === undefined ? {} : { problem }) },
  })
}

const suspectAlarm = ({ plan }: BackupJob, backupId: string) => ({
  cause: backupAlarms.suspect(plan),
  summary: `The backup ${backupId} of ${plan} is much smaller than those before: it is suspect.`,
  hint: `See why with \`holdfast backup show ${backupId}\`. When it is right: \`holdfast backup accept ${backupId}\`.`,
  plan,
})

const inconsistentAlarm = ({ plan }: BackupJob, backupId: string) => ({
  cause: runAlarms.inconsistent(plan),
  summary: `The hold did not last while ${plan} was read: the backup ${backupId} is inconsistent.`,
  hint: 'Run the plan again; allow a longer `hold.maxDowntime`, or find out who started the services.',
  plan,
})
