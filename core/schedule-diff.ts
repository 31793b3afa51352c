import { compare } from './compare.js'
import { assert } from './assert.js'
import type { ScheduledWork } from './ids.js'

/** When a plan runs by itself. */
export type PlanSchedule = PlanTiming & {
  /** IANA zone of `cron`. */
  readonly timezone: string
  readonly jitterMs: number
  /** A run missed by at most this is made up for, once. */
  readonly catchUpMs: number
  readonly paused: boolean
}
type PlanTiming =
  | { readonly cron: string; readonly everyMs?: undefined }
  | { readonly everyMs: number; readonly cron?: undefined }

/** A schedule as a plan wants it. */
export interface WantedSchedule {
  readonly scheduleId: string
  readonly plan: string
  readonly work: ScheduledWork
  readonly schedule: PlanSchedule
  /** SHA-256 of the job and the schedule: equal means that there is nothing to do. */
  readonly hash: string
}

/** A schedule of this site as Temporal has it. */
export interface ExistingSchedule {
  readonly scheduleId: string
  readonly plan: string
  readonly work: ScheduledWork
  /** Left out where it cannot be read: then it is written anew. */
  readonly hash?: string
  readonly paused: boolean
}

/** What to do with one schedule, and why. `paused` is what it is afterwards. */
export type ScheduleChange = {
  readonly scheduleId: string
  readonly plan: string
  readonly work: ScheduledWork
  readonly reason: string
  readonly paused: boolean
} & (
  | { readonly kind: 'create' | 'change'; readonly wanted: WantedSchedule }
  | { readonly kind: 'keep'; readonly wanted: WantedSchedule }
  | { readonly kind: 'remove' }
)

/**
 * What makes the existing schedules the wanted ones, ordered by plan. `existing` must be all that we manage on this
 * site, and nothing else: what nobody wants is removed. What is paused stays paused: only `--resume` ends a pause.
 */
export function diffSchedules(
  wanted: readonly WantedSchedule[],
  existing: readonly ExistingSchedule[],
): readonly ScheduleChange[] {
  const wantedIds = new Set(wanted.map(({ scheduleId }) => scheduleId))
  assert(wantedIds.size === wanted.length, 'two plans want one schedule')
  const existingById = new Map(existing.map((schedule) => [schedule.scheduleId, schedule]))
  const strays = existing.filter(({ scheduleId }) => !wantedIds.has(scheduleId))
  const changes = [
    ...wanted.map((schedule) => changeOf(schedule, existingById.get(schedule.scheduleId))),
    ...strays.map(removalOf),
  ]
  return changes.sort((a, b) => compare(a.plan, b.plan) || compare(a.scheduleId, b.scheduleId))
}

function changeOf(wanted: WantedSchedule, existing: ExistingSchedule | undefined): ScheduleChange {
  const { scheduleId, plan, work, schedule } = wanted
  if (existing === undefined) {
    const reason = schedule.paused ? 'new, and paused by its plan' : 'new'
    return { kind: 'create', scheduleId, plan, work, wanted, paused: schedule.paused, reason }
  }
  if (existing.hash === wanted.hash) {
    const reason = existing.paused ? 'as its plan says, and paused' : 'as its plan says'
    return { kind: 'keep', scheduleId, plan, work, wanted, paused: existing.paused, reason }
  }
  const paused = existing.paused || schedule.paused
  const cause = existing.hash === undefined ? 'made by another version' : 'its plan changed'
  const pause = existing.paused ? '; it stays paused' : schedule.paused ? '; its plan pauses it' : ''
  return { kind: 'change', scheduleId, plan, work, wanted, paused, reason: `${cause}${pause}` }
}

const removalOf = ({ scheduleId, plan, work, paused }: ExistingSchedule): ScheduleChange => ({
  kind: 'remove',
  scheduleId,
  plan,
  work,
  paused,
  reason: 'no plan wants it any more',
})
