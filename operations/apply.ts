import { scheduleId } from '../core/ids.js'
import { diffSchedules, type ScheduleChange } from '../core/schedule-diff.js'
import { wantedSchedule, type CompiledPlan } from '../plan/compile.js'
import { allPlans } from './plans.js'
import { carryOut, noSchedule, readSchedules, removeSchedule } from './schedules.js'
import type { Session } from './session.js'

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
