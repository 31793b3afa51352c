import { backupAlarms } from '../core/backup-alarms.js'
import { staleness } from '../core/freshness.js'
import type { BackupSummary } from '../core/backup.js'
import { HoldfastError } from '../core/errors.js'
import { taskQueues } from '../core/ids.js'
import type { Site } from '../core/site.js'
import type { CompiledPlan } from '../plan/compile.js'
import { hasErrors } from '../plan/issues.js'
import { loadPlans } from '../site/plans.js'
import { listBackups } from './backups.js'
import { readLocalState, type LocalState } from './local-state.js'
import { hostsOf } from './plans.js'
import { pollersOf } from './pollers.js'
import { readSchedules, type ScheduleView } from './schedules.js'
import { withSession, type OperationsWorld, type Session } from './session.js'

export interface SiteStatus {
  readonly site: string
  readonly host: string
  readonly temporal: { readonly isReachable: boolean; readonly problem?: string }
  readonly hosts: readonly HostStatus[]
  readonly plans: readonly PlanStatus[]
  readonly alarms: LocalState['alarms']
  readonly held: LocalState['held']
  /** What needs a person, each in a sentence; alarms are not repeated. */
  readonly problems: readonly string[]
}

export interface HostStatus {
  readonly host: string
  /** Which of its workers ask for work. */
  readonly hasControl: boolean
  readonly hasData: boolean
}

export interface PlanStatus {
  readonly plan: string
  readonly host: string
  readonly backups?: number
  readonly newestGood?: { readonly id: string; readonly takenAt: string }
  readonly nextRunAt?: string
  readonly schedule: 'none' | 'active' | 'paused' | 'not-applied' | 'unknown'
}

/** How late a service may be before its hold is no ordinary one any more: what the watchdog is given. */
const OVERDUE_MS = 60_000

/** All that can be found out about the site; whatever cannot is a problem, and never hides the rest. */
export async function siteStatus(site: Site, world: OperationsWorld): Promise<SiteStatus> {
  const local = await readLocalState(site.stateDir)
  const loaded = await loadPlans(site)
  const remote = await remoteStatus(site, world, loaded.plans)
  return {
    site: site.site,
    host: site.host,
    temporal: remote.temporal,
    hosts: remote.hosts,
    plans: loaded.plans.map((plan) => planStatus(plan, remote)),
    alarms: local.alarms,
    held: local.held,
    problems: [
      ...local.problems,
      ...(hasErrors(loaded.issues) ? ['Plans have mistakes: see `holdfast plan validate`.'] : []),
      ...overdue(local.held, world.clock()),
      ...stale(loaded.plans, remote, local.alarms, world.clock()),
      ...remote.problems,
    ],
  }
}

interface RemoteStatus extends Pick<SiteStatus, 'temporal' | 'hosts' | 'problems'> {
  readonly backups?: readonly BackupSummary[]
  readonly schedules?: readonly ScheduleView[]
}

async function remoteStatus(
  site: Site,
  world: OperationsWorld,
  plans: readonly CompiledPlan[],
): Promise<RemoteStatus> {
  try {
    return await withSession(site, world, async (session) => {
      const hosts = await Promise.all(hostsOf(site, plans).map((host) => hostStatus(session, host)))
      const asked = hosts.filter(({ hasData }) => hasData).map(({ host }) => host)
      const [backups, schedules] = await Promise.all([
        told(asked.length === 0 ? undefined : listBackups(session, asked, {})),
        told(readSchedules(session.client, site.site)),
      ])
      return {
        temporal: { isReachable: true },
        hosts,
        ...(backups.value === undefined ? {} : { backups: backups.value.backups }),
        ...(schedules.value === undefined ? {} : { schedules: schedules.value }),
        problems: [
          ...hosts.flatMap(workersMissing),
          ...(backups.value?.problems ?? []),
          ...[backups.problem, schedules.problem].filter((problem) => problem !== undefined),
        ],
      }
    })
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { temporal: { isReachable: false, problem: error.message }, hosts: [], problems: [error.message] }
  }
}

/** Which workers of a host ask for work. */
export async function hostStatus({ client, world }: Session, host: string): Promise<HostStatus> {
  const isServed = async (taskQueue: string) =>
    (await pollersOf(client, { taskQueue, type: 'activity' }, world.clock())).length > 0
  const [hasControl, hasData] = await Promise.all([
    isServed(taskQueues.control(host)),
    isServed(taskQueues.questions(host)),
  ])
  return { host, hasControl, hasData }
}

function workersMissing({ host, hasControl, hasData }: HostStatus): readonly string[] {
  if (hasControl && hasData) return []
  const which = hasControl ? 'its data worker' : hasData ? 'its control worker' : 'no worker'
  return [
    which === 'no worker'
      ? `No worker of host "${host}" is connected: nothing runs there.`
      : `Host "${host}" lacks ${which}.`,
  ]
}

function planStatus(plan: CompiledPlan, { backups, schedules }: RemoteStatus): PlanStatus {
  const own = backups?.filter((backup) => backup.plan === plan.name && backup.site === plan.job.site)
  const newest = own?.findLast(({ isGood }) => isGood)
  const schedule = schedules?.find((candidate) => candidate.work === 'backup' && candidate.plan === plan.name)
  return {
    plan: plan.name,
    host: plan.host,
    ...(own === undefined ? {} : { backups: own.length }),
    ...(newest === undefined ? {} : { newestGood: { id: newest.id, takenAt: newest.takenAt } }),
    ...(schedule?.nextRunAt === undefined ? {} : { nextRunAt: schedule.nextRunAt }),
    schedule: scheduleState(plan, schedules === undefined ? 'unknown' : schedule),
  }
}

function scheduleState(
  plan: CompiledPlan,
  schedule: ScheduleView | undefined | 'unknown',
): PlanStatus['schedule'] {
  if (plan.schedule === undefined) return 'none'
  if (schedule === 'unknown') return 'unknown'
  if (schedule === undefined) return 'not-applied'
  return schedule.paused ? 'paused' : 'active'
}

/** As the data worker sees it, but now. What it has told of already is not repeated. */
function stale(
  plans: readonly CompiledPlan[],
  remote: RemoteStatus,
  alarms: LocalState['alarms'],
  now: Date,
): readonly string[] {
  if (remote.backups === undefined) return []
  return plans.flatMap((plan) => {
    const { name, freshnessMs } = plan
    if (freshnessMs === undefined || alarms.some(({ cause }) => cause === backupAlarms.stale(name))) return []
    const newestGoodAt = planStatus(plan, remote).newestGood?.takenAt
    return staleness({ plan: name, freshnessMs, newestGoodAt, now }) ?? []
  })
}

const overdue = (held: LocalState['held'], now: Date): readonly string[] =>
  held
    .filter(
      ({ deadlineAt }) =>
        deadlineAt !== undefined && now.getTime() - new Date(deadlineAt).getTime() > OVERDUE_MS,
    )
    .map(({ service }) => `${service} should be running again, but is still held.`)

/** An expected failure becomes a sentence beside what else is known. */
async function told<T>(work: Promise<T> | undefined): Promise<{ value?: T; problem?: string }> {
  try {
    return work === undefined ? {} : { value: await work }
  } catch (error) {
    if (error instanceof HoldfastError) return { problem: error.message }
    throw error
  }
}
