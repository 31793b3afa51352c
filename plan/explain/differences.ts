import type { BackupJob } from '../../core/job.js'
import type { PlanSchedule, ScheduleChange } from '../../core/schedule-diff.js'
import type { VerifyJob } from '../../core/verification.js'
import type { CompiledPlan } from '../compile.js'
import { keptLines } from './kept.js'
import { stepsOf } from './steps.js'
import { scheduleLines, verifiedSentence } from './times.js'

/** What a schedule runs, and when. */
export interface RunningWork {
  readonly job: BackupJob | VerifyJob
  readonly schedule: PlanSchedule
}

export interface Difference {
  /** Sentences of what is running that are true no more, and those that take their place. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** A change of a schedule with what it means, where that is known. */
export type ExplainedChange = ScheduleChange & { readonly differences?: readonly Difference[] }

/**
 * What changes when this runs as `plan` says: in the sentences of `explainPlan`, a difference for each of its sections
 * that is not the same. Empty when only the text of the plan is another: comments, order.
 */
export function differences(running: RunningWork, plan: CompiledPlan): readonly Difference[] {
  const [before, after] =
    'sets' in running.job
      ? [
          backupSections({ ...plan, ...running, job: running.job, host: running.job.host }),
          backupSections(plan),
        ]
      : [
          verifySections({ verification: { job: running.job, schedule: running.schedule } }),
          verifySections(plan),
        ]
  return before.flatMap((lines, index) => {
    const others = after[index] ?? []
    const difference = { before: without(lines, others), after: without(others, lines) }
    return difference.before.length + difference.after.length === 0 ? [] : [difference]
  })
}

const without = (lines: readonly string[], others: readonly string[]): readonly string[] =>
  lines.filter((line) => !others.includes(line))

const backupSections = (plan: CompiledPlan): readonly (readonly string[])[] => [
  [`Runs on host ${plan.host}.`],
  ...[stepsOf(plan), scheduleLines(plan.schedule), keptLines(plan.job)],
]

function verifySections(plan: Pick<CompiledPlan, 'verification'>): readonly (readonly string[])[] {
  const sentence = verifiedSentence(plan)
  return [sentence === undefined ? [] : [sentence]]
}
