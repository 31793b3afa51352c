import ansis from 'ansis'
import { formatBytes, formatDuration } from '../../core/units.js'
import type { PlanStatus } from '../../operations/plan-status.js'
import { sparkline } from './sparkline.js'
import { renderTable } from './table.js'
import { formatDistance, formatInstant } from './times.js'

/** Each plan in a line: what it has, how old that is against what it wants, what ran last and runs next, how it grows. */
export const renderPlans = (plans: readonly PlanStatus[], now: Date, timezone: string): string =>
  renderTable<PlanStatus>(
    [
      { head: 'PLAN', cell: ({ plan }) => plan },
      { head: 'HOST', cell: ({ host }) => host },
      {
        head: 'BACKUPS',
        align: 'right',
        cell: ({ backups }) => (backups === undefined ? '?' : String(backups)),
      },
      {
        head: 'NEWEST GOOD',
        cell: (plan) => newestText(plan, now),
        paint: (text, plan) => PAINTS[ageOf(plan, now)](text),
      },
      {
        head: 'LAST RUN',
        cell: (plan) => lastText(plan, now),
        paint: (text, { lastRun }) => paintOf(lastRun)(text),
      },
      { head: 'NEXT RUN', cell: (plan) => nextText(plan, timezone) },
      { head: 'SIZE', cell: ({ sizes = [] }) => sizeText(sizes) },
    ],
    plans,
  )

const PAINTS = { fresh: ansis.green, stale: ansis.red, none: ansis.yellow, unknown: (text: string) => text }

/** A plan without an objective is never stale: nobody has said how old its backups may be. */
function ageOf({ newestGood, backups, freshnessMs }: PlanStatus, now: Date): keyof typeof PAINTS {
  if (newestGood === undefined) return backups === undefined ? 'unknown' : 'none'
  if (freshnessMs === undefined) return 'unknown'
  return now.getTime() - new Date(newestGood.takenAt).getTime() > freshnessMs ? 'stale' : 'fresh'
}

function newestText({ newestGood, backups, freshnessMs }: PlanStatus, now: Date): string {
  const wanted = freshnessMs === undefined ? '' : ` (wants ${formatDuration(freshnessMs)})`
  if (newestGood === undefined) return backups === undefined ? '?' : `none${wanted}`
  return `${formatDistance(newestGood.takenAt, now)}${wanted}`
}

function lastText({ lastRun }: PlanStatus, now: Date): string {
  if (lastRun === undefined) return ''
  const { status, outcome, startedAt } = lastRun
  if (status === 'running')
    return `running since ${formatDuration(now.getTime() - new Date(startedAt).getTime())}`
  return outcome ?? status
}

function paintOf(lastRun: PlanStatus['lastRun']): (text: string) => string {
  if (lastRun === undefined || lastRun.outcome === 'skipped') return PAINTS.unknown
  if (lastRun.status === 'running') return ansis.cyan
  return lastRun.outcome === 'good' ? ansis.green : lastRun.outcome === 'partial' ? ansis.yellow : ansis.red
}

function nextText({ schedule, nextRunAt }: PlanStatus, timezone: string): string {
  switch (schedule) {
    case 'none':
      return 'when asked'
    case 'not-applied':
      return 'not applied: holdfast plan apply'
    case 'paused':
      return 'paused'
    case 'unknown':
      return '?'
    case 'active':
      return nextRunAt === undefined ? 'none' : formatInstant(nextRunAt, timezone)
  }
}

const sizeText = (sizes: readonly number[]): string =>
  sizes.length === 0 ? '' : `${sparkline(sizes)} ${formatBytes(sizes.at(-1) ?? 0)}`.trimStart()
