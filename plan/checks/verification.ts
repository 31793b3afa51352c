import type { PlanFile } from '../../schemas/plan.js'
import { warningAt, type Draft, type Mistake } from '../mistakes.js'
import { scheduleMistakes } from './schedule.js'

/** When old backups are read again, and how many of them. */
export function verificationMistakes({ verification, schedule }: Draft<PlanFile>): readonly Mistake[] {
  const own = verification?.schedule
  if (own === undefined) {
    return verification?.sample === undefined
      ? []
      : [
          warningAt(
            ['verification', 'sample'],
            'has no effect without "verification.schedule".',
            'Add a schedule, or remove it: `holdfast backup verify PLAN --sample` needs nothing in the plan.',
          ),
        ]
  }
  // A zone that is wrong in the schedule of the plan is told of there.
  const timezone = own.timezone ?? schedule?.timezone
  const mistakes = scheduleMistakes({ ...own, ...(timezone === undefined ? {} : { timezone }) }, [
    'verification',
    'schedule',
  ])
  return own.timezone === undefined ? mistakes.filter(({ path }) => path.at(-1) !== 'timezone') : mistakes
}
