import type { BackupSummary } from '../core/backup.js'
import type { CompiledPlan } from '../plan/compile.js'
import type { RunSummary } from './runs.js'
import type { ScheduleView } from './schedules.js'

export interface PlanStatus {
  readonly plan: string
  readonly host: string
  /** Left out where nobody could be asked. */
  readonly backups?: number
  readonly newestGood?: { readonly id: string; readonly takenAt: string }
  /** `objectives.freshness`. */
  readonly freshnessMs?: number
  /** Bytes that the newest good backups captured, oldest first. */
  readonly sizes?: readonly number[]
  /** The newest run that made, or was to make, a backup; while Temporal remembers it. */
  readonly lastRun?: Pick<RunSummary, 'workflowId' | 'status' | 'outcome' | 'startedAt'>
  readonly nextRunAt?: string
  readonly schedule: 'none' | 'active' | 'paused' | 'not-applied' | 'unknown'
}

/** What could be found out; what is left out could not. */
export interface KnownOfPlans {
  /** Oldest first. */
  readonly backups?: readonly BackupSummary[]
  readonly schedules?: readonly ScheduleView[]
  /** By name of the plan. */
  readonly newestRuns?: ReadonlyMap<string, RunSummary>
}

/** As many as show a trend at a glance. */
const SIZES = 12

export const planStatuses = (plans: readonly CompiledPlan[], known: KnownOfPlans): readonly PlanStatus[] =>
  plans.map((plan) => planStatus(plan, known))

function planStatus(plan: CompiledPlan, { backups, schedules, newestRuns }: KnownOfPlans): PlanStatus {
  const { name, host, job, freshnessMs } = plan
  const own = backups?.filter((backup) => backup.plan === name && backup.site === job.site)
  const good = own?.filter(({ isGood }) => isGood)
  const newest = good?.at(-1)
  const schedule = schedules?.find((candidate) => candidate.work === 'backup' && candidate.plan === name)
  const run = newestRuns?.get(name)
  return {
    plan: name,
    host,
    ...(own === undefined ? {} : { backups: own.length }),
    ...(newest === undefined ? {} : { newestGood: { id: newest.id, takenAt: newest.takenAt } }),
    ...(freshnessMs === undefined ? {} : { freshnessMs }),
    ...(good === undefined ? {} : { sizes: good.slice(-SIZES).map(({ plainBytes }) => plainBytes) }),
    ...(run === undefined ? {} : { lastRun: lastRunOf(run) }),
    ...(schedule?.nextRunAt === undefined ? {} : { nextRunAt: schedule.nextRunAt }),
    schedule: scheduleState(plan, schedules === undefined ? 'unknown' : schedule),
  }
}

const lastRunOf = ({ workflowId, status, outcome, startedAt }: RunSummary) => ({
  workflowId,
  status,
  ...(outcome === undefined ? {} : { outcome }),
  startedAt,
})

function scheduleState(
  plan: CompiledPlan,
  schedule: ScheduleView | undefined | 'unknown',
): PlanStatus['schedule'] {
  if (plan.schedule === undefined) return 'none'
  if (schedule === 'unknown') return 'unknown'
  if (schedule === undefined) return 'not-applied'
  return schedule.paused ? 'paused' : 'active'
}
