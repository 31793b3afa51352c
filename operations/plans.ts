import { HoldfastError } from '../core/errors.js'
import { scheduleId } from '../core/ids.js'
import { diffSchedules, type ScheduleChange } from '../core/schedule-diff.js'
import type { Site } from '../core/site.js'
import { wantedSchedule, type CompiledPlan } from '../plan/compile.js'
import { loadPlanFile, loadPlans, requirePlan, requirePlans } from '../site/plans.js'
import { carryOut, noSchedule, readSchedules, removeSchedule } from './schedules.js'
import type { Session } from './session.js'

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

/**
 * What would make Temporal's schedules what the plans say. Looks at all plans at once: with one that cannot be read, its
 * schedule would look like one that nobody wants.
 */
export async function diffPlans(session: Session): Promise<readonly ScheduleChange[]> {
  return changesOf(session, await allPlans(session.site))
}

/** Makes Temporal's schedules what the plans say, one after another; safe to repeat after a failure. */
export async function applyPlans(session: Session): Promise<readonly ScheduleChange[]> {
  const plans = await allPlans(session.site)
  const changes = await changesOf(session, plans)
  const jobs = new Map(plans.map(({ name, job }) => [name, job]))
  for (const change of changes) await carryOut(session.client, change, jobs.get(change.plan))
  return changes
}

/** As `applyPlans`, for one plan: what other plans say is left for another time. */
export async function applyPlan(session: Session, plan: CompiledPlan): Promise<ScheduleChange | undefined> {
  const id = scheduleId(session.site.site, plan.name)
  const wanted = wantedSchedule(plan)
  const existing = (await readSchedules(session.client, session.site.site, [id])).filter(
    (schedule) => schedule.scheduleId === id,
  )
  const [change] = diffSchedules(wanted === undefined ? [] : [wanted], existing)
  if (change !== undefined) await carryOut(session.client, change, plan.job)
  return change
}

/** Removes a plan's schedule; its file and its backups stay. Fails with `schedule.not-found`. */
export async function removePlan({ client, site }: Session, name: string): Promise<{ scheduleId: string }> {
  const id = scheduleId(site.site, name)
  const schedules = await readSchedules(client, site.site, [id])
  if (!schedules.some((schedule) => schedule.scheduleId === id)) throw noSchedule(name)
  await removeSchedule(client, id)
  return { scheduleId: id }
}

async function changesOf(
  { client, site }: Session,
  plans: readonly CompiledPlan[],
): Promise<readonly ScheduleChange[]> {
  const wanted = plans.flatMap((plan) => wantedSchedule(plan) ?? [])
  const ids = wanted.map((schedule) => schedule.scheduleId)
  return diffSchedules(wanted, await readSchedules(client, site.site, ids))
}

/** As `hostsOf`, from what plans can be read: backups are found and restored also while a plan has mistakes. */
export const knownHosts = async (site: Site): Promise<readonly string[]> =>
  hostsOf(site, (await loadPlans(site)).plans)
