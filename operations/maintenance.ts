import { HoldfastError } from '../core/errors.js'
import { workflowIds } from '../core/ids.js'
import type {
  ExpireInput,
  MarkChange,
  MarkResult,
  RetentionInput,
  RetentionReport,
  VerifyReport,
} from '../core/work.js'
import type { RehearsalReport } from '../core/rehearsal.js'
import type { PlanVerification, Sample } from '../core/verification.js'
import { verifyJobOf, type CompiledPlan } from '../plan/compile.js'
import { longestInterval } from '../plan/next-runs.js'
import { loadPlans } from '../site/plans.js'
import type { RetentionRunInput } from '../workflows/retention-run.js'
import type { Retained } from '../workflows/steps/retain.js'
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

/** What the retention of a plan would keep and why, and what would go. Nothing is removed. */
export async function previewCleanup(session: Session, plan: CompiledPlan): Promise<RetentionReport> {
  return askHost(session, plan.host, 'previewRetention', retentionOf(plan))
}

/** Applies the retention of a plan. Fails with `plan.invalid` for a plan without one. */
export async function startCleanup(session: Session, plan: CompiledPlan): Promise<StartedRun<Retained>> {
  return startRetention(
    session,
    { host: plan.host, retention: retentionOf(plan) },
    `Retention of ${plan.name}`,
  )
}

/**
 * Deletes one backup at one destination, whatever the rules of its plan say: after the quarantine of its plan, where that
 * still exists, or at once.
 */
export async function startDeletion(
  session: Session,
  { manifest, destination, reachedFrom: host }: FoundBackup,
  removal: ExpireInput['removal'],
): Promise<StartedRun<Retained>> {
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
  const quarantineMs = plans.find(({ name }) => name === plan)?.job.retention?.quarantineMs
  // The rules are not asked: exactly this one goes.
  const rules = { minimum: 1, ...(quarantineMs === undefined ? {} : { quarantineMs }) }
  const retention = { plan, site, destination, rules, timezone: 'UTC' }
  return startRetention(session, { host, retention, backupIds: [id], removal }, `Deletion of ${id}`)
}

/** Says something of one backup at one destination: takes no lock, and waits for no run. */
export const markBackup = (
  session: Session,
  { manifest, destination, reachedFrom }: FoundBackup,
  { change, because }: { change: MarkChange; because?: string | undefined },
): Promise<MarkResult> =>
  askHost(session, reachedFrom, 'markBackup', {
    reference: { backupId: manifest.id, destination },
    change,
    ...(because === undefined ? {} : { because }),
  })

async function startRetention(
  { client }: Session,
  argument: RetentionRunInput,
  summary: string,
): Promise<StartedRun<Retained>> {
  const { host, retention } = argument
  return startRun(client, {
    workflow: 'retentionRun',
    workflowId: workflowIds.retention(retention.plan),
    argument,
    summary,
    attributes: { site: retention.site, host, plan: retention.plan, kind: 'retention' },
  })
}

function retentionOf({ name, file, job, schedule }: CompiledPlan): RetentionInput {
  const [destination] = job.destinations
  if (job.retention === undefined || destination === undefined) {
    throw new HoldfastError(
      'plan.invalid',
      `Plan "${name}" has no retention: its backups are kept for ever.`,
      {
        hint: `Add \`retention\` to ${file}, or remove single backups with \`holdfast backup delete ID\`.`,
      },
    )
  }
  return {
    plan: name,
    site: job.site,
    destination,
    rules: job.retention,
    timezone: job.timezone,
    ...(schedule === undefined ? {} : { intervalMs: longestInterval(schedule) }),
  }
}
