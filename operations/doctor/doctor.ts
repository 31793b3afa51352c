import { HoldfastError } from '../../core/errors.js'
import { countFindings, worstFirst, type Finding, type FindingCounts } from '../../core/doctor/finding.js'
import { judgeConfiguration, judgeTemporal, judgeWorkers, type WorkersFacts } from '../../core/doctor/site.js'
import type { ThisHost } from '../../core/doctor/this-host.js'
import { told } from '../../core/doctor/told.js'
import type { Site } from '../../core/site.js'
import type { CompiledPlan } from '../../plan/compile.js'
import { loadPlans, type LoadedPlans } from '../../site/plans.js'
import { hostsOf } from '../plans.js'
import { orchestrators } from '../questions.js'
import { withSession, type OperationsWorld, type Session } from '../session.js'
import { hostStatus } from '../status.js'
import { runChecks, type Check } from './checks.js'
import { machineChecks } from './machine-checks.js'
import { placeChecks, scheduleCheck } from './place-checks.js'
import type { Scene } from './scene.js'

export interface Examination extends FindingCounts {
  readonly site: string
  readonly host: string
  /** The worst first. */
  readonly findings: readonly Finding[]
}

export interface Doctor {
  readonly site: Site
  readonly world: OperationsWorld
  readonly thisHost: ThisHost
}

/**
 * Looks at everything that tonight's runs need. Needs neither Temporal nor an agent: without them that is a finding, and this
 * machine is tried by the process itself. Fails only for what a look at the configuration fails with.
 */
export async function examineSite(doctor: Doctor): Promise<Examination> {
  const { site } = doctor
  const loaded = await loadPlans(site)
  const findings = worstFirst([
    ...judgeConfiguration({
      configFile: site.configFile,
      plans: loaded.plans.length,
      ...countIssues(loaded),
    }),
    ...(await examineReached(doctor, loaded.plans)),
  ])
  return { site: site.site, host: site.host, ...countFindings(findings), findings }
}

function countIssues({ issues }: LoadedPlans): { errors: number; warnings: number } {
  const errors = issues.filter(({ severity }) => severity === 'error').length
  return { errors, warnings: issues.length - errors }
}

/** With Temporal where it answers; without, what this machine knows by itself. */
async function examineReached(doctor: Doctor, plans: readonly CompiledPlan[]): Promise<readonly Finding[]> {
  const { site, world } = doctor
  const address = site.temporal?.address
  try {
    return await withSession(site, world, async (session) => [
      ...judgeTemporal(address, undefined),
      ...(await examineWith(doctor, plans, session)),
    ])
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const scene: Scene = { ...doctor, plans, servedHosts: [] }
    return [...judgeTemporal(address, error), ...(await runChecks(await checksOf(scene)))]
  }
}

async function examineWith(
  doctor: Doctor,
  plans: readonly CompiledPlan[],
  session: Session,
): Promise<readonly Finding[]> {
  const workers = await told(workersOf(session, plans))
  const hosts = 'value' in workers && workers.value.hasOrchestrator ? workers.value.hosts : []
  const servedHosts = hosts.filter(({ hasData }) => hasData).map(({ host }) => host)
  const scene: Scene = { ...doctor, plans, session, servedHosts }
  const ofWorkers: Check = {
    ...{ area: 'workers', what: 'The workers' },
    look: async () => judgeWorkers(await workersOf(session, plans)),
  }
  return runChecks([ofWorkers, scheduleCheck(session), ...(await checksOf(scene))])
}

async function workersOf(session: Session, plans: readonly CompiledPlan[]): Promise<WorkersFacts> {
  const [asked, ...hosts] = await Promise.all([
    orchestrators(session),
    ...hostsOf(session.site, plans).map(async (host) => ({
      ...(await hostStatus(session, host)),
      plans: plans.filter((plan) => plan.host === host).map(({ name }) => name),
    })),
  ])
  return { hosts, hasOrchestrator: asked.length > 0 }
}

const checksOf = async (scene: Scene): Promise<readonly Check[]> => [
  ...machineChecks(scene),
  ...(await placeChecks(scene)),
]
