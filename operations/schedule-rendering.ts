import type { ScheduleOptions, ScheduleSpec } from '@temporalio/client'
import { taskQueues, workflowIds } from '../core/ids.js'
import type { BackupJob, BackupRunInput } from '../core/job.js'
import type { PlanSchedule, WantedSchedule } from '../core/schedule-diff.js'
import { searchAttributePairs } from './search-attributes.js'

/** A schedule with what it runs. */
export interface ScheduledJob {
  readonly wanted: WantedSchedule
  readonly job: BackupJob
}

/** What a schedule's action remembers of us: Temporal describes nothing else so that it can be compared. */
export const scheduleMemo = { hash: 'holdfastHash', rendering: 'holdfastRendering' } as const

/** Raised when schedules are rendered in another way, so that the next `plan apply` renews them all. */
export const RENDERING_VERSION = 1

type Rendered = Required<Pick<ScheduleOptions, 'spec' | 'action' | 'policies' | 'typedSearchAttributes'>>

/** All of a schedule except for its id and its state: whether it is paused is for people to say. */
export function renderSchedule({ wanted, job }: ScheduledJob): Rendered {
  const attributes = searchAttributePairs({ site: job.site, host: job.host, plan: job.plan, kind: 'backup' })
  const input: BackupRunInput = { job, startedBy: 'schedule' }
  return {
    spec: specOf(wanted.schedule),
    action: {
      type: 'startWorkflow',
      workflowType: 'backupRun',
      workflowId: workflowIds.scheduledBackup(job.plan),
      taskQueue: taskQueues.orchestrator,
      args: [input],
      memo: { [scheduleMemo.hash]: wanted.hash, [scheduleMemo.rendering]: RENDERING_VERSION },
      typedSearchAttributes: attributes,
      staticSummary: `Scheduled backup of ${job.plan}`,
    },
    policies: {
      overlap: 'SKIP',
      // Temporal's own default is a year of missed runs, one after another.
      catchupWindow: wanted.schedule.catchUpMs,
      pauseOnFailure: false,
    },
    typedSearchAttributes: attributes,
  }
}

function specOf({ cron, everyMs, timezone, jitterMs }: PlanSchedule): ScheduleSpec {
  return {
    // As an expression: a CalendarSpec with `{ start }` alone means "up to 1" on the wire.
    ...(cron === undefined ? { intervals: [{ every: everyMs }] } : { cronExpressions: [cron], timezone }),
    ...(jitterMs === 0 ? {} : { jitter: jitterMs }),
  }
}
