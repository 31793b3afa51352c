import ansis from 'ansis'
import type { ScheduledWork } from '../../core/ids.js'
import { renderTable } from './table.js'
import { formatInstant } from './times.js'

/** A plan with what runs it by itself, if anything. */
export interface ListedSchedule {
  readonly plan: string
  readonly work: ScheduledWork
  readonly schedule: 'none' | 'active' | 'paused' | 'not-applied'
  /** In words, as the plan says it. */
  readonly when?: string
  /** What the last pause or resume said. */
  readonly note?: string
  readonly nextRunAt?: string
  readonly lastRun?: { readonly workflowId: string; readonly runId: string; readonly startedAt: string }
}

export const renderSchedules = (schedules: readonly ListedSchedule[], timezone: string): string =>
  schedules.length === 0
    ? 'No plans.'
    : renderTable<ListedSchedule>(
        [
          { head: 'PLAN', cell: ({ plan }) => plan },
          { head: 'RUNS', cell: ({ work }) => WORK[work] },
          { head: 'WHEN', cell: ({ when }) => when ?? 'when asked' },
          { head: 'STATE', cell: stateText, paint: paintState },
          {
            head: 'NEXT',
            cell: ({ nextRunAt }) => (nextRunAt === undefined ? '' : formatInstant(nextRunAt, timezone)),
          },
          {
            head: 'LAST',
            cell: ({ lastRun }) => (lastRun === undefined ? '' : formatInstant(lastRun.startedAt, timezone)),
          },
          // What was said at a resume is history.
          { head: 'NOTE', cell: ({ note, schedule }) => (schedule === 'paused' ? (note ?? '') : '') },
        ],
        schedules,
      )

const WORK = { backup: 'backup', verify: 'verification' } as const

const stateText = ({ schedule }: ListedSchedule): string => {
  if (schedule === 'none') return ''
  return schedule === 'not-applied' ? 'not applied: holdfast plan apply' : schedule
}

const paintState = (text: string, { schedule }: ListedSchedule): string =>
  schedule === 'active' ? ansis.green(text) : ansis.yellow(text)
