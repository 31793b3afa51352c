import { HoldfastError } from '../core/errors.js'
import { scheduleIdsOf } from '../core/ids.js'
import { diffSchedules, type ScheduleChange } from '../core/schedule-diff.js'
import { wantedSchedules, type CompiledPlan } from '../plan/compile.js'
import { differences, type ExplainedChange } from '../plan/explain/differences.js'
import { allPlans } from './plans.js'
import {
  carryOut,
  noSchedule,
  pauseSchedule,
  readSchedules,
  removeSchedule,
  type PauseChange,
  type ScheduleView,
} from './schedules.js'
import type { Session } from './session.js'

/**
 * What would make Temporal's schedules what the plans say. Looks at all plans at once: with one that cannot be read, its
 * schedule would look like one that nobody wants.
 */
export async function diffPlans(session: Session): Promise<readonly ExplainedChange[]> {
  return changesOf(session, await allPlans(session.site))
}

/**
 * Makes Temporal's schedules what the plans say, one after another; safe to repeat after a failure. Fails with `plan.not-found`
 * where there is no plan at all and schedules would go: that is a folder that is not there more often than a wish.
 */
export async function applyPlans(session: Session): Promise<readonly ExplainedChange[]> {
  const plans = await allPlans(session.site)
  const changes = await changesOf(session, plans)
  if (plans.length === 0 && changes.length > 0) throw noPlans(session, changes)
  const byName = new Map(plans.map((plan) => [plan.name, plan]))
  for (const change of changes) await carryOut(session.client, change, byName.get(change.plan))
  return changes
}

/** As `applyPlans`, for one plan: what other plans say is left for another time. */
export async function applyPlan(session: Session, plan: CompiledPlan): Promise<readonly ScheduleChange[]> {
  const changes = diffSchedules(wantedSchedules(plan), await schedulesOfPlan(session, plan.name))
  for (const change of changes) await carryOut(session.client, change, plan)
  return changes
}

/** Removes what a plan does by itself; its file and its backups stay. Fails with `schedule.not-found`. */
export async function removePlan(
  session: Session,
  name: string,
): Promise<{ scheduleIds: readonly string[] }> {
  const schedules = await schedulesOfPlan(session, name)
  if (schedules.length === 0) throw noSchedule(name)
  for (const { scheduleId } of schedules) await removeSchedule(session.client, scheduleId)
  return { scheduleIds: schedules.map(({ scheduleId }) => scheduleId) }
}

/** All that runs of a plan by itself stops, or goes on. Fails with `schedule.not-found`. */
export async function pausePlan(session: Session, name: string, change: PauseChange): Promise<void> {
  const schedules = await schedulesOfPlan(session, name)
  if (schedules.length === 0) throw noSchedule(name)
  for (const schedule of schedules) await pauseSchedule(session.client, schedule, change)
}

function noPlans({ site }: Session, changes: readonly ExplainedChange[]): HoldfastError {
  const names = [...new Set(changes.map(({ plan }) => plan))].join(', ')
  return new HoldfastError(
    'plan.not-found',
    `\`plans\` of ${site.configFile} leads to no plan, so no plan would run by itself any more: ${names}. Nothing was changed.`,
    { hint: 'Correct `plans`, or say it for each: `holdfast plan remove NAME`.' },
  )
}

async function schedulesOfPlan({ client, site }: Session, name: string): Promise<readonly ScheduleView[]> {
  const ids = scheduleIdsOf(site.site, name)
  const schedules = await readSchedules(client, site.site, ids)
  return schedules.filter(({ scheduleId }) => ids.includes(scheduleId))
}

async function changesOf(
  { client, site }: Session,
  plans: readonly CompiledPlan[],
): Promise<readonly ExplainedChange[]> {
  const wanted = plans.flatMap(wantedSchedules)
  const ids = wanted.map((schedule) => schedule.scheduleId)
  const existing = await readSchedules(client, site.site, ids)
  return diffSchedules(wanted, existing).map((change): ExplainedChange => {
    const running = existing.find(({ scheduleId }) => scheduleId === change.scheduleId)?.running
    const plan = plans.find(({ name }) => name === change.plan)
    if (change.kind !== 'change' || running === undefined || plan === undefined) return change
    return { ...change, differences: differences(running, plan) }
  })
}
