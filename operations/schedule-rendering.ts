import type { ScheduleOptions, ScheduleSpec } from '@temporalio/client'
import { taskQueues, workflowIds } from '../core/ids.js'
import { assert } from '../core/assert.js'
import type { BackupJob, BackupRunInput } from '../core/job.js'
import type { VerifyJob } from '../core/verification.js'
import type { VerifyPlanInput } from '../workflows/verify-plan-run.js'
import type { PlanSchedule, WantedSchedule } from '../core/schedule-diff.js'
import { searchAttributePairs } from './search-attributes.js'

/** What schedules of a plan run. */
export interface ScheduledJobs {
  readonly job: BackupJob
  readonly verification?: { readonly job: VerifyJob }
}

/** What a schedule's action remembers of us: Temporal describes nothing else so that it can be compared. */
export const scheduleMemo = {
  hash: 'holdfastHash',
  rendering: 'holdfastRendering',
  /** The schedule as its plan had it: Temporal tells what it made of it. */
  schedule: 'holdfastSchedule',
} as const

/** Raised when schedules are rendered in another way, so that the next `plan apply` renews them all. */
export const RENDERING_VERSION = 2

type Rendered = Required<Pick<ScheduleOptions, 'spec' | 'action' | 'policies' | 'typedSearchAttributes'>>

/** All of a schedule except for its id and its state: whether it is paused is for people to say. */
export function renderSchedule(wanted: WantedSchedule, jobs: ScheduledJobs): Rendered {
  const { site, host, plan } = jobs.job
  const attributes = searchAttributePairs({ site, host, plan, kind: wanted.work })
  return {
    spec: specOf(wanted.schedule),
    action: {
      type: 'startWorkflow',
      ...(wanted.work === 'backup' ? backupOf(jobs) : verificationOf(jobs)),
      taskQueue: taskQueues.orchestrator,
      memo: {
        [scheduleMemo.hash]: wanted.hash,
        [scheduleMemo.rendering]: RENDERING_VERSION,
        [scheduleMemo.schedule]: wanted.schedule,
      },
      typedSearchAttributes: attributes,
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

function backupOf({ job }: ScheduledJobs) {
  const input: BackupRunInput = { job, startedBy: 'schedule' }
  return {
    workflowType: 'backupRun',
    workflowId: workflowIds.scheduledBackup(job.plan),
    args: [input],
    staticSummary: `Scheduled backup of ${job.plan}`,
  }
}

function verificationOf({ verification }: ScheduledJobs) {
  assert(verification, 'a schedule of verifications without a job')
  const { job } = verification
  const input: VerifyPlanInput = { job }
  return {
    workflowType: 'verifyPlanRun',
    workflowId: workflowIds.verifyPlan(job.plan),
    args: [input],
    staticSummary: `Scheduled verification of ${job.plan}`,
  }
}

function specOf({ cron, everyMs, timezone, jitterMs }: PlanSchedule): ScheduleSpec {
  return {
    // As an expression: a CalendarSpec with `{ start }` alone means "up to 1" on the wire.
    ...(cron === undefined ? { intervals: [{ every: everyMs }] } : { cronExpressions: [cron], timezone }),
    ...(jitterMs === 0 ? {} : { jitter: jitterMs }),
  }
}
