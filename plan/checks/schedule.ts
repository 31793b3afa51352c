import type { Schedule } from '../../schemas/schedule.js'
import { affectedRuns, cronMistake, type AffectedRuns } from '../cron.js'
import type { Path } from '../locate.js'
import { errorAt, errorAtKey, warningAt, says, type Draft, type Mistake } from '../mistakes.js'
import { zoneMistake } from '../zones.js'

/**
 * A year to look at for changes of the clocks. Reading a plan asks no clock; the hours that are skipped and doubled are
 * the same from year to year, and `plan explain` names the days.
 */
const SAMPLE_YEAR = new Date('2026-01-01T00:00:00Z')

export function scheduleMistakes(schedule: Draft<Schedule>, path: Path): readonly Mistake[] {
  const { cron, every, timezone = 'UTC' } = schedule
  const zone = zoneMistake(timezone)
  const mistakes: Mistake[] = []
  if (cron !== undefined && every !== undefined) {
    mistakes.push(
      errorAtKey(
        [...path, 'every'],
        'stands beside "cron", and only one of them can say when to run.',
        'Remove one of them.',
      ),
    )
  }
  if (!says(schedule, 'cron') && !says(schedule, 'every')) {
    mistakes.push(errorAtKey(path, 'says neither "cron" nor "every".', 'For example: cron: "30 2 * * *"'))
  }
  if (zone) {
    const hint =
      zone.suggestion === undefined
        ? 'Use an IANA name, for example Europe/Berlin.'
        : `Did you mean "${zone.suggestion}"?`
    mistakes.push(errorAt([...path, 'timezone'], 'unknown time zone.', hint))
  }
  if (cron === undefined) return mistakes
  const wrong = cronMistake(cron)
  if (wrong) return [...mistakes, errorAt([...path, 'cron'], wrong.message, wrong.hint)]
  if (zone) return mistakes
  return [
    ...mistakes,
    ...clockMistakes(affectedRuns({ cron, timezone }, SAMPLE_YEAR), timezone, [...path, 'cron']),
  ]
}

function clockMistakes(affected: readonly AffectedRuns[], timezone: string, path: Path): readonly Mistake[] {
  const timesOf = (direction: AffectedRuns['change']['direction']) => {
    const times = affected
      .filter(({ change }) => change.direction === direction)
      .flatMap((runs) => runs.times)
    return [...new Set(times.map(clockTime))].sort()
  }
  const [skipped, doubled] = [timesOf('forward'), timesOf('back')]
  if (skipped.length + doubled.length === 0) return []
  const sentences = [
    ...(skipped.length > 0
      ? [`on the day they go forward, ${some(skipped)} does not exist and nothing runs`]
      : []),
    ...(doubled.length > 0 ? [`on the day they go back, ${some(doubled)} comes twice and runs twice`] : []),
  ]
  return [
    warningAt(
      path,
      `clocks in ${timezone} are set at such a time: ${sentences.join('; ')}.`,
      'Choose another hour, or the time zone UTC.',
    ),
  ]
}

/** `02:30` of a wall-clock time. */
export const clockTime = (wall: Date): string => wall.toISOString().slice(11, 16)

const some = (times: readonly string[]): string =>
  times.length <= 3 ? times.join(', ') : `${times[0]} (and ${times.length - 1} more)`
