import cronstrue from 'cronstrue'
import type { RetentionRules } from '../core/job.js'
import type { PlanSchedule } from '../core/schedule-diff.js'
import { counted } from '../core/units.js'
import { wallTime } from './zones.js'

/** `90 s`, `10 minutes`, `1 day 2 hours`: exact, unlike what is measured. */
export function durationInWords(milliseconds: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
    ['millisecond', 1],
  ] as const
  const parts: string[] = []
  let rest = milliseconds
  for (const [noun, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(counted(count, noun))
  }
  return parts.join(' ') || '0 seconds'
}

/** `at 02:30 (cron "30 2 * * *", Europe/Berlin)` or `every 6 hours`. */
export function scheduleInWords(schedule: PlanSchedule): string {
  const jitter = schedule.jitterMs > 0 ? `, up to ${durationInWords(schedule.jitterMs)} later` : ''
  if (schedule.everyMs !== undefined) return `every ${durationInWords(schedule.everyMs)}${jitter}`
  const words = cronstrue.toString(schedule.cron, { use24HourTimeFormat: true })
  return `${words.charAt(0).toLowerCase()}${words.slice(1)} (cron "${schedule.cron}", ${schedule.timezone})${jitter}`
}

/** The union of the rules, as a list of what is kept. */
export function retentionInWords(rules: RetentionRules): string {
  const periods = [
    ['hour', rules.keepHourly],
    ['day', rules.keepDaily],
    ['week', rules.keepWeekly],
    ['month', rules.keepMonthly],
    ['year', rules.keepYearly],
  ] as const
  const kept = [
    ...(rules.keepLast ? [rules.keepLast === 1 ? 'the newest' : `the newest ${rules.keepLast}`] : []),
    ...periods.flatMap(([noun, count]) =>
      count ? [`the newest of each ${noun} for ${counted(count, noun)}`] : [],
    ),
    ...(rules.keepWithinMs ? [`all of the last ${durationInWords(rules.keepWithinMs)}`] : []),
  ]
  return `${listInWords(kept)}; never fewer than ${counted(rules.minimum, 'good one')}`
}

/** `a`, `a and b`, `a, b and c`. */
export const listInWords = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** `Sun 2026-11-22 02:30` in the zone. */
export const localTime = (instant: Date, zone: string): string => wallText(wallTime(instant, zone))

/** `Sun 2026-11-22 02:30` of a wall-clock time. */
export function wallText(wall: Date): string {
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][wall.getUTCDay()] ?? ''
  return `${day} ${wall.toISOString().slice(0, 10)} ${wall.toISOString().slice(11, 16)}`
}
