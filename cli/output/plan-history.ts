import ansis from 'ansis'
import type { HoldReport } from '../../core/backup.js'
import { counted, formatBytes, formatDuration } from '../../core/units.js'
import type { PastBackup, PlanHistory } from '../../operations/plan-history.js'
import type { CompiledPlan } from '../../plan/compile.js'
import { renderRetention } from './backups.js'
import { oneLine } from './text.js'
import { formatDistance, formatInstant } from './times.js'

/** Of a limit: more than this, and a larger database or a slower disk will break it. */
const CLOSE = 0.8

/** What the backups of a plan say of it: how long it took, what it stopped, and what retention would do now. */
export function renderHistory(
  plan: CompiledPlan,
  { newestGood, downtimes, retention, problems }: PlanHistory,
  now: Date,
  timezone: string,
): string {
  const past =
    newestGood === undefined
      ? problems.length === 0
        ? ['  There is no good backup yet.']
        : []
      : [
          `  ${lastTime(newestGood, now, timezone)}`,
          ...downtimeLines(plan, downtimes).map((line) => `  ${line}`),
        ]
  const reports = (retention?.reports ?? []).map(
    ({ destination, decisions }) =>
      `Retention today, at ${destination}:\n${indented(renderRetention(decisions, timezone))}`,
  )
  const unknown = problems.map((problem) => `${ansis.yellow('not known')} ${oneLine(problem)}`)
  return [
    ...(past.length === 0 ? [] : [['So far:', ...past].join('\n')]),
    ...reports,
    ...(unknown.length === 0 ? [] : [unknown.join('\n')]),
  ].join('\n\n')
}

function lastTime(backup: PastBackup, now: Date, timezone: string): string {
  const { id, takenAt, capturedInMs, plainBytes, storedBytes, holds } = backup
  const reading = capturedInMs === undefined ? '' : ` in ${formatDuration(capturedInMs)}`
  const down = holds.filter(({ downtimeMs }) => downtimeMs !== undefined).map(downText)
  return [
    `The newest good backup is of ${formatInstant(takenAt, timezone)} (${formatDistance(takenAt, now)}): ${id}.`,
    `It read ${formatBytes(plainBytes)}${reading}, and stored ${formatBytes(storedBytes)}.`,
    ...(down.length === 0 ? [] : [`Down for it: ${down.join(', ')}.`]),
  ].join(' ')
}

const downText = ({ service, downtimeMs = 0, mode }: HoldReport): string =>
  `${oneLine(service)} ${formatDuration(downtimeMs)}${mode === 'pause' ? ' (paused)' : ''}`

function downtimeLines({ job }: CompiledPlan, downtimes: PlanHistory['downtimes']): readonly string[] {
  const limits = job.sets.flatMap(({ hold }) => (hold === undefined ? [] : [hold.maxDowntimeMs]))
  if (downtimes === undefined || limits.length === 0) return []
  const { backups, longestMs } = downtimes
  const limitMs = Math.min(...limits)
  const longest =
    backups === 1
      ? []
      : [
          `The longest that a service was down for the last ${counted(backups, 'good backup')} is ${formatDuration(longestMs)}.`,
        ]
  if (longestMs < CLOSE * limitMs) return longest
  return [
    ...longest,
    ansis.yellow(
      `That is close to maxDowntime, ${formatDuration(limitMs)}: what takes longer becomes inconsistent. Raise it, or hold less.`,
    ),
  ]
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ')
