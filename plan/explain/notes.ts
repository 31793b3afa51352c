import type { PlanSchedule } from '../../core/schedule-diff.js'
import { isServerDatabase } from '../../core/server-databases.js'
import { clockTime } from '../checks/schedule.js'
import type { CompiledPlan } from '../compile.js'
import { affectedRuns } from '../cron.js'
import { listInWords, wallText } from '../words.js'

/** What a careful reader of the plan would ask about. */
export function notesOf({ job, schedule, unheld: names }: CompiledPlan, now: Date): readonly string[] {
  const unheld = job.sets
    .flatMap(({ sources }) => sources)
    // A dump is consistent in itself.
    .filter(({ name, source }) => names.includes(name) && !isServerDatabase(source.type))
  const served = job.sets.flatMap(({ sources }) => sources).filter(({ source }) => source.type === 'mysql')
  return [
    ...served.map(
      ({ name }) =>
        `${name}: accounts and their rights are not captured, and a restore never replaces a database: it makes one that is not there.`,
    ),
    ...(unheld.length > 0
      ? [
          `${listInWords(unheld.map(({ name }) => name))}: read without any hold; what is written meanwhile may not fit together.`,
        ]
      : []),
    ...(schedule?.cron === undefined ? [] : clockNotes(schedule, schedule.cron, now)),
  ]
}

function clockNotes({ timezone }: PlanSchedule, cron: string, now: Date): readonly string[] {
  return affectedRuns({ cron, timezone }, now).map(({ change, times }) => {
    const day = wallText(change.from).slice(0, -6)
    const clocks = times.map(clockTime).join(', ')
    return change.direction === 'forward'
      ? `On ${day} clocks in ${timezone} go forward: ${clocks} does not exist, and nothing runs then.`
      : `On ${day} clocks in ${timezone} go back: ${clocks} comes twice, and the plan runs twice.`
  })
}
