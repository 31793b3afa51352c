import type { ThisHost } from '../../core/doctor/this-host.js'
import type { Site } from '../../core/site.js'
import type { CompiledPlan } from '../../plan/compile.js'
import type { OperationsWorld, Session } from '../session.js'

/** What checks have to look with. */
export interface Scene {
  readonly site: Site
  readonly world: OperationsWorld
  readonly thisHost: ThisHost
  /** Those that can be read. */
  readonly plans: readonly CompiledPlan[]
  /** Left out: Temporal does not answer. */
  readonly session?: Session
  /** Hosts whose data worker answers questions. */
  readonly servedHosts: readonly string[]
}

export const plansOfThisHost = ({ plans, site }: Scene): readonly CompiledPlan[] =>
  plans.filter(({ host }) => host === site.host)
