import type { PlanSchedule } from '../core/schedule-diff.js'
import { longestCronInterval, nextCronRuns } from './cron.js'

/** When the schedule runs next, without its jitter. Intervals count from the epoch, as Temporal counts them. */
export function nextRuns(schedule: PlanSchedule, ask: { after: Date; count: number }): readonly Date[] {
  const { cron, everyMs, timezone } = schedule
  if (cron !== undefined) return nextCronRuns({ cron, timezone, ...ask })
  const first = Math.floor(ask.after.getTime() / everyMs) + 1
  return Array.from({ length: ask.count }, (_, index) => new Date((first + index) * everyMs))
}

/** The longest time between two runs, without jitter. */
export const longestInterval = ({ cron, everyMs }: PlanSchedule): number =>
  cron === undefined ? everyMs : longestCronInterval(cron)
