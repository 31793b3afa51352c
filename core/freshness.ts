import { backupAlarms } from './backup-alarms.js'
import { formatDuration } from './units.js'
import type { AlarmInput } from './work/alarm.js'

export interface FreshnessQuestion {
  readonly plan: string
  /** `objectives.freshness`. */
  readonly freshnessMs: number
  /** ISO; left out where there is no good backup. */
  readonly newestGoodAt?: string | undefined
  /** ISO, since when it is known that the plan wants this: its first backup has as long as each later one. Left out: for ever. */
  readonly wantedSince?: string | undefined
  readonly now: Date
}

/** In what way the backups of a plan are too old, in a sentence; undefined while they are not. */
export function staleness(question: FreshnessQuestion): string | undefined {
  const { plan, freshnessMs, newestGoodAt, wantedSince, now } = question
  const limit = formatDuration(freshnessMs)
  const since = newestGoodAt ?? wantedSince
  const ageMs = since === undefined ? Infinity : now.getTime() - new Date(since).getTime()
  if (ageMs <= freshnessMs) return undefined
  if (newestGoodAt === undefined) return `There is no good backup of ${plan}: it wants one every ${limit}.`
  return `The newest good backup of ${plan} is ${formatDuration(ageMs)} old: it wants one every ${limit}.`
}

export const staleAlarm = (plan: string, summary: string): AlarmInput => ({
  cause: backupAlarms.stale(plan),
  summary,
  hint: `See \`holdfast run list --plan ${plan}\` for what its runs say, or whether there are none; then run \`holdfast backup create ${plan}\`.`,
  plan,
})
