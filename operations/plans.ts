import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import type { CompiledPlan } from '../plan/compile.js'
import { loadPlanFile, loadPlans, requirePlan, requirePlans } from '../site/plans.js'

/** All plans of the site. Fails with `plan.invalid` when any of them has mistakes. */
export const allPlans = async (site: Site): Promise<readonly CompiledPlan[]> =>
  requirePlans(await loadPlans(site))

/** A plan of the site by its name, whatever is wrong with others; or a plan file, which need not be one of the site. */
export async function planNamed(site: Site, nameOrFile: string): Promise<CompiledPlan> {
  if (!looksLikeFile(nameOrFile)) return requirePlan(await loadPlans(site), nameOrFile)
  const [plan] = requirePlans(await loadPlanFile(site, nameOrFile))
  if (plan !== undefined) return plan
  throw new HoldfastError('plan.not-found', `There is no plan in ${nameOrFile}.`)
}

/** Names of plans have neither dots nor slashes. */
export const looksLikeFile = (nameOrFile: string): boolean => /[/.\\]/.test(nameOrFile)

/** Every host whose worker may have backups: those of the plans, and this one. */
export const hostsOf = (site: Site, plans: readonly CompiledPlan[]): readonly string[] => [
  ...new Set([site.host, ...plans.map(({ host }) => host)]),
]

/** As `hostsOf`, from what plans can be read: backups are found and restored also while a plan has mistakes. */
export const knownHosts = async (site: Site): Promise<readonly string[]> =>
  hostsOf(site, (await loadPlans(site)).plans)
