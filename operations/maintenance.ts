import { HoldfastError } from '../core/errors.js'
import { workflowIds } from '../core/ids.js'
import { rulesAt } from '../core/job.js'
import type { ExpireInput, RetentionInput, RetentionReport, VerifyReport } from '../core/work/catalog.js'
import type { RetentionRunResult } from '../core/work/runs.js'
import type { RehearsalReport } from '../core/rehearsal.js'
import type { PlanVerification, Sample } from '../core/verification.js'
import { verifyJobOf, type CompiledPlan } from '../plan/compile.js'
import { longestInterval } from '../plan/next-runs.js'
import { loadPlans } from '../site/plans.js'
import type { RetentionRunInput } from '../workflows/retention-run.js'
import type { RehearsalRunInput } from '../workflows/rehearsal-run.js'
import type { VerifyPlanInput } from '../workflows/verify-plan-run.js'
import type { VerifyRunInput } from '../workflows/verify-run.js'
import type { FoundBackup } from './backups.js'
import { askHost } from './questions.js'
import { startRun, type StartedRun } from './runs.js'
import type { Session } from './session.js'

/** Starts to read every byte of a backup and to compare it with its manifest. */
export async function startVerification(
  { client, site }: Session,
  { manifest, destination, reachedFrom: host }: FoundBackup,
): Promise<StartedRun<VerifyReport>> {
  const argument: VerifyRunInput = { host, reference: { backupId: manifest.id, destination } }
  return startRun(client, {
    workflow: 'verifyRun',
    workflowId: workflowIds.verify(manifest.id),
    argument,
    summary: `Verification of ${manifest.id}`,
    attributes: { site: site.site, host, plan: manifest.plan, kind: 'verify', backup: manifest.id },
  })
}

/** Starts to restore a backup into places of its own, which are removed again, on the host that reaches it. */
export async function startRehearsal(
  { client, site }: Session,
  { manifest, destination, reachedFrom: host }: FoundBackup,
): Promise<StartedRun<RehearsalReport>> {
  const argument: RehearsalRunInput = { host, reference: { backupId: manifest.id, destination } }
  return startRun(client, {
    workflow: 'rehearsalRun',
    workflowId: workflowIds.rehearsal(manifest.id),
    argument,
    summary: `Rehearsed restore of ${manifest.id}`,
    attributes: { site: site.site, host, plan: manifest.plan, kind: 'verify', backup: manifest.id },
  })
}

/** Starts to read backups of a plan, those first that nobody has read for longest. Fails with `lock.taken`. */
export async function startPlanVerification(
  { client }: Session,
  plan: CompiledPlan,
  sample: Sample,
): Promise<StartedRun<PlanVerification>> {
  const { site, host, plan: name } = plan.job
  const argument: VerifyPlanInput = { job: verifyJobOf(plan.job, sample) }
  return startRun(client, {
    workflow: 'verifyPlanRun',
    workflowId: workflowIds.verifyPlan(name),
    argument,
    summary: `Verification of ${name}`,
    attributes: { site, host, plan: name, kind: 'verify' },
  })
}

/** What was asked at each destination, and where it could not be had: each in a sentence. */
export interface CleanupPreview {
  readonly reports: readonly RetentionReport[]
  readonly problems: readonly string[]
}

/** What the retention of a plan would keep at each destination, and why, and what would go. Nothing is removed. */
export async function previewCleanup(session: Session, plan: CompiledPlan): Promise<CleanupPreview> {
  const settled = await Promise.allSettled(
    retentionsOf(plan).map((retention) => askHost(session, plan.host, 'previewRetention', retention)),
  )
  const reports = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  const bug = reasons.find((reason) => !(reason instanceof HoldfastError))
  if (bug !== undefined || reports.length === 0) throw bug ?? reasons[0]
  return { reports, problems: reasons.map((reason) => (reason as HoldfastError).message) }
}

/** Applies the retention of a plan at all its destinations. Fails with `plan.invalid` for a plan without one. */
export async function startCleanup(
  session: Session,
  plan: CompiledPlan,
): Promise<StartedRun<RetentionRunResult>> {
  const { host, name, job } = plan
  const retentions = retentionsOf(plan)
  return startRetention(session, { host, plan: name, site: job.site, retentions }, `Retention of ${name}`)
}

/**
 * Deletes the copies of a backup that one host reaches, whatever the rules of its plan say: after the quarantine of its plan,
 * where that still exists, or at once.
 */
export async function startDeletion(
  session: Session,
  { manifest, copies, reachedFrom: host }: FoundBackup,
  removal: ExpireInput['removal'],
): Promise<StartedRun<RetentionRunResult>> {
  const { plan, site, id } = manifest
  if (site !== session.site.site) {
    throw new HoldfastError(
      'backup.not-found',
      `${id} belongs to the site "${site}", not to "${session.site.site}".`,
      {
        hint: 'Only the site that made a backup removes it.',
      },
    )
  }
  const { plans } = await loadPlans(session.site)
  const job = plans.find(({ name }) => name === plan)?.job
  const retentions = copies
    .filter(({ reachedFrom }) => reachedFrom === host)
    .map(({ destination }): RetentionInput => {
      const quarantineMs = job && rulesAt(job, destination)?.quarantineMs
      // The rules are not asked: exactly this one goes.
      const rules = { minimum: 1, ...(quarantineMs === undefined ? {} : { quarantineMs }) }
      return { plan, site, destination, rules, timezone: 'UTC' }
    })
  const argument = { host, plan, site, retentions, backupIds: [id], removal }
  return startRetention(session, argument, `Deletion of ${id}`)
}

async function startRetention(
  { client }: Session,
  argument: RetentionRunInput,
  summary: string,
): Promise<StartedRun<RetentionRunResult>> {
  const { host, plan, site } = argument
  return startRun(client, {
    workflow: 'retentionRun',
    workflowId: workflowIds.retention(plan),
    argument,
    summary,
    attributes: { site, host, plan, kind: 'retention' },
  })
}

function retentionsOf({ name, file, job, schedule }: CompiledPlan): readonly RetentionInput[] {
  const retentions = job.destinations.flatMap((destination): RetentionInput[] => {
    const rules = rulesAt(job, destination)
    if (rules === undefined) return []
    const { site, timezone } = job
    return [
      {
        ...{ plan: name, site, destination, rules, timezone },
        ...(schedule === undefined ? {} : { intervalMs: longestInterval(schedule) }),
      },
    ]
  })
  if (retentions.length > 0) return retentions
  throw new HoldfastError('plan.invalid', `Plan "${name}" has no retention: its backups are kept for ever.`, {
    hint: `Add \`retention\` to ${file}, or remove single backups with \`holdfast backup delete ID\`.`,
  })
}
