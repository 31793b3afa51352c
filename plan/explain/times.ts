import type { PlanSchedule } from '../../core/schedule-diff.js'
import { sampleInWords } from '../../core/verification.js'
import type { CompiledPlan } from '../compile.js'
import { nextRuns } from '../next-runs.js'
import { durationInWords, listInWords, localTime, scheduleInWords } from '../words.js'
import { wallTime } from '../zones.js'

/** When the plan runs, and its next so many runs with what clocks do meanwhile. */
export function whenLines(schedule: PlanSchedule | undefined, now: Date, count: number): readonly string[] {
  if (schedule === undefined) return scheduleLines(schedule)
  const zone = schedule.timezone
  const runs = nextRuns(schedule, { after: now, count })
  return [
    ...scheduleLines(schedule),
    `Next ${runs.length === 1 ? 'run' : `${runs.length} runs`}, in ${zone}:`,
    ...runs.map((run, index) => `  ${localTime(run, zone)}${clockNote(runs[index - 1] ?? now, run, zone)}`),
  ]
}

/** When the plan runs, as a rule. */
export function scheduleLines(schedule: PlanSchedule | undefined): readonly string[] {
  if (schedule === undefined) return ['Only when asked: the plan has no schedule.']
  return [
    `Runs ${scheduleInWords(schedule)}. A run missed by at most ${durationInWords(schedule.catchUpMs)} is made up for, once.`,
    ...(schedule.paused ? ['The plan creates the schedule paused: nothing runs until it is resumed.'] : []),
  ]
}

/** Whoever counts hours between two runs wonders about this one. */
function clockNote(before: Date, run: Date, zone: string): string {
  const offsetOf = (instant: Date) => wallTime(instant, zone).getTime() - instant.getTime()
  const difference = offsetOf(run) - offsetOf(before)
  if (Math.abs(difference) < 60_000) return ''
  return ` (clocks have gone ${difference > 0 ? 'forward' : 'back'} by then)`
}

/** How old backups are read again, in a sentence or several. */
export function verifiedSentence({ verification }: Pick<CompiledPlan, 'verification'>): string | undefined {
  if (verification === undefined) return undefined
  const { job, schedule } = verification
  const what = sampleInWords(job.sample)
  return `Reads ${what} at ${listInWords(job.destinations)} again, ${scheduleInWords(schedule)}. Those come first that nobody has read for longest.`
}
