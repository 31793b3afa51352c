import { CancellationScope } from '@temporalio/workflow'
import { backupAlarms } from '../../core/backup-alarms.js'
import { withMarks, type BackupSummary } from '../../core/backup.js'
import { errorOf } from '../../core/failure.js'
import type { BackupJob } from '../../core/job.js'
import { notCapturedOf, outcomeOf, servicesVerdictOf } from '../../core/verdicts.js'
import type { BackupRunResult } from '../../core/work.js'
import { raise, resolve, runAlarms } from './alarms.js'
import type { CapturedSet, CaptureRun } from './capture-sets.js'
import { clearAway, retain } from './retain.js'
import { verifyAfter } from './verify-after.js'

interface FinishedRun extends CaptureRun {
  /** Workflow time, in milliseconds. */
  readonly startedAt: number
}

/** The backup stands: what follows from it. Verification, retention, alarms that are over or have begun, the result. */
export async function concludeBackup(
  run: FinishedRun,
  captured: CapturedSet,
  published: BackupSummary,
): Promise<BackupRunResult> {
  const { job, backupId, startedAt } = run
  const services = servicesVerdictOf(captured.reports)
  const warnings = run.board.warnings()
  if (published.data === 'inconsistent') await raise(job.host, inconsistentAlarm(job, backupId))
  if (published.data === 'suspect') await raise(job.host, suspectAlarm(job, backupId))
  const verification = await verifyAfter(run)
  const summary = asVerified(published, verification)
  const outcome = verification?.outcome === 'not-done' ? 'not-good' : outcomeOf(summary, services)
  const retention = await applyRetention(run, summary, verification)
  if (outcome === 'good') {
    await resolve(job.host, [
      runAlarms.failed(job.plan),
      runAlarms.inconsistent(job.plan),
      ...(job.plausibility === undefined ? [] : [backupAlarms.suspect(job.plan)]),
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
    ...(verification === undefined ? {} : { verification }),
    ...(warnings.length === 0 ? {} : { warnings }),
    retention,
    durationMs: Date.now() - startedAt,
  }
}

/** Only after a good backup: failing runs must never age the good ones away. The backup stands, whatever this does. */
async function applyRetention(
  { job, board, destination }: FinishedRun,
  { isGood }: BackupSummary,
  verification: BackupRunResult['verification'],
): Promise<NonNullable<BackupRunResult['retention']>> {
  const nothing = { expired: [], removed: [] }
  if (!isGood) return { ...nothing, note: 'only a good backup lets older ones go' }
  if (verification?.outcome === 'not-done') return { ...nothing, note: 'the backup could not be verified' }
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
