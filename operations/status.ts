import { backupAlarms } from '../core/backup-alarms.js'
import { staleness } from '../core/freshness.js'
import { HoldfastError } from '../core/errors.js'
import { taskQueues } from '../core/ids.js'
import type { Site } from '../core/site.js'
import type { CompiledPlan } from '../plan/compile.js'
import { hasErrors } from '../plan/issues.js'
import { loadPlans } from '../site/plans.js'
import { listBackups } from './backups.js'
import { readLocalState, type LocalState } from './local-state.js'
import { planStatuses, type KnownOfPlans, type PlanStatus } from './plan-status.js'
import { hostsOf } from './plans.js'
import { pollersOf } from './pollers.js'
import { newestRuns } from './runs.js'
import { readSchedules } from './schedules.js'
import { told } from './told.js'
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

/** How late a service may be before its hold is no ordinary one any more: what the watchdog is given. */
const OVERDUE_MS = 60_000

/** All that can be found out about the site; whatever cannot is a problem, and never hides the rest. */
export async function siteStatus(site: Site, world: OperationsWorld): Promise<SiteStatus> {
  const local = await readLocalState(site.stateDir)
  const loaded = await loadPlans(site)
  const remote = await remoteStatus(site, world, loaded.plans)
  const plans = planStatuses(loaded.plans, remote)
  return {
    site: site.site,
    host: site.host,
    temporal: remote.temporal,
    hosts: remote.hosts,
    plans,
    alarms: local.alarms,
    held: local.held,
    problems: [
      ...local.problems,
      ...(hasErrors(loaded.issues) ? ['Plans have mistakes: see `holdfast plan validate`.'] : []),
      ...overdue(local.held, world.clock()),
      ...stale(plans, local.alarms, world.clock()),
      ...remote.problems,
    ],
  }
}

type RemoteStatus = Pick<SiteStatus, 'temporal' | 'hosts' | 'problems'> & KnownOfPlans

async function remoteStatus(
  site: Site,
  world: OperationsWorld,
  plans: readonly CompiledPlan[],
): Promise<RemoteStatus> {
  try {
    return await withSession(site, world, async (session) => {
      const hosts = await Promise.all(hostsOf(site, plans).map((host) => hostStatus(session, host)))
      const asked = hosts.filter(({ hasData }) => hasData).map(({ host }) => host)
      const [backups, schedules, runs] = await Promise.all([
        told(asked.length === 0 ? undefined : listBackups(session, asked, {})),
        told(readSchedules(session.client, site.site)),
        told(newestRuns(session.client, { site: site.site, kind: 'backup', plans: plans.map(nameOf) })),
      ])
      return {
        temporal: { isReachable: true },
        hosts,
        ...(backups.value === undefined ? {} : { backups: backups.value.backups }),
        ...(schedules.value === undefined ? {} : { schedules: schedules.value }),
        ...(runs.value === undefined ? {} : { newestRuns: runs.value }),
        problems: [
          ...hosts.flatMap(workersMissing),
          ...(backups.value?.problems ?? []),
          ...[backups.problem, schedules.problem, runs.problem].filter((problem) => problem !== undefined),
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

/** As the data worker sees it, but now. What it has told of already is not repeated. */
const stale = (plans: readonly PlanStatus[], alarms: LocalState['alarms'], now: Date): readonly string[] =>
  plans.flatMap(({ plan, freshnessMs, backups, newestGood, lastRun, schedule }) => {
    if (freshnessMs === undefined || backups === undefined) return []
    // Its first run is to come. If that never does, the data worker tells.
    if (backups === 0 && lastRun === undefined && schedule === 'active') return []
    if (alarms.some(({ cause }) => cause === backupAlarms.stale(plan))) return []
    return staleness({ plan, freshnessMs, newestGoodAt: newestGood?.takenAt, now }) ?? []
  })

const nameOf = ({ name }: CompiledPlan): string => name

const overdue = (held: LocalState['held'], now: Date): readonly string[] =>
  held
    .filter(
      ({ deadlineAt }) =>
        deadlineAt !== undefined && now.getTime() - new Date(deadlineAt).getTime() > OVERDUE_MS,
    )
    .map(({ service }) => `${service} should be running again, but is still held.`)
