import { backupAlarms } from './backup-alarms.js'
import { formatDuration } from './units.js'
import type { AlarmInput } from './work.js'

export interface FreshnessQuestion {
  readonly plan: string
  /** `objectives.freshness`. */
  readonly freshnessMs: number
  /** ISO; left out where there is no good backup. */
  readonly newestGoodAt?: string | undefined
  readonly now: Date
}

/** In what way the backups of a plan are too old, in a sentence; undefined while they are not. */
export function staleness({ plan, freshnessMs, newestGoodAt, now }: FreshnessQuestion): string | undefined {
  const limit = formatDuration(freshnessMs)
  if (newestGoodAt === undefined) return `There is no good backup of ${plan}: it wants one every ${limit}.`
  const ageMs = now.getTime() - new Date(newestGoodAt).getTime()
  if (ageMs <= freshnessMs) return undefined
  return `The newest good backup of ${plan} is ${formatDuration(ageMs)} old: it wants one every ${limit}.`
}

export const staleAlarm = (plan: string, summary: string): AlarmInput => ({
  cause: backupAlarms.stale(plan),
  summary,
  hint: `See \`holdfast run list --plan ${plan}\` for what its runs say, or whether there are none; then run \`holdfast backup create ${plan}\`.`,
  plan,
})
