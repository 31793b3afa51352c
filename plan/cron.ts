import { Cron } from 'croner'
import { nearest } from '../core/suggest.js'
import { clockChanges, instantsOf, wallTime, type ClockChange } from './zones.js'

const FIELDS = [
  { name: 'minute', last: 59, words: [], step: { most: 60, unit: 'minute', within: 'an hour' } },
  { name: 'hour', last: 23, words: [], step: { most: 24, unit: 'hour', within: 'a day' } },
  { name: 'day of month', last: 31, words: [], step: { most: 31, unit: 'day', within: 'a month' } },
  {
    name: 'month',
    last: 12,
    words: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' '),
    step: { most: 12, unit: 'month', within: 'a year' },
  },
  {
    name: 'day of week',
    last: 7,
    words: 'sun mon tue wed thu fri sat'.split(' '),
    step: { most: 7, unit: 'day', within: 'a week' },
  },
] as const
type Field = (typeof FIELDS)[number]

/** Two days, but never less than a few entries: a clock is set by at most that. */
const FOLD = 3 * 3_600_000
/** Entries looked at in one question: every minute of two days. */
const MOST_ENTRIES = 2880

interface CronMistake {
  readonly message: string
  readonly hint?: string
}

/** What is wrong with a cron expression: only what Temporal and croner read alike, and what fires, is allowed. */
export function cronMistake(expression: string): CronMistake | undefined {
  const fields = expression.trim().split(/\s+/)
  if (expression.trim().startsWith('@'))
    return { message: 'must be five cron fields.', hint: nicknameHint(expression.trim()) }
  if (fields.length !== FIELDS.length) {
    const names = FIELDS.map(({ name }) => name).join(', ')
    return { message: `must have five fields, but has ${fields.length}.`, hint: `They are: ${names}.` }
  }
  for (const [index, field] of FIELDS.entries()) {
    const mistake = fieldMistake(fields[index] ?? '', field)
    if (mistake) return mistake
  }
  if (isRestricted(fields[2]) && isRestricted(fields[4])) {
    return {
      message: 'restricts both day of month and day of week, which programs understand in different ways.',
      hint: 'Leave one of the two as *.',
    }
  }
  if (!isRestricted(fields[2])) return undefined
  const first = nextEntries(expression, new Date('2026-01-01T00:00:00Z')).next()
  return first.done === true ? { message: 'can never fire: no month has that day.' } : undefined
}

function nicknameHint(nickname: string): string {
  const known: Record<string, string> = {
    '@hourly': '0 * * * *',
    '@daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@weekly': '0 0 * * 0',
    '@monthly': '0 0 1 * *',
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
  }
  const name = nearest(nickname, Object.keys(known))
  return name === undefined ? 'For example: "30 2 * * *"' : `Write "${known[name]}".`
}

function fieldMistake(text: string, field: Field): CronMistake | undefined {
  const { name, last, words } = field
  const first = name === 'day of month' || name === 'month' ? 1 : 0
  const valueOf = (word: string): number => {
    const position = (words as readonly string[]).indexOf(word.toLowerCase())
    if (position !== -1) return position + first
    return /^\d{1,2}$/.test(word) ? Number(word) : NaN
  }
  for (const part of text.split(',')) {
    const match = /^(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/([0-9]{1,2}))?$/i.exec(part)
    if (!match)
      return {
        message: `"${part.slice(0, 20)}" is no ${name}.`,
        hint: `Write *, a number, a range (1-5), a list (1,3) or a step (*/2).`,
      }
    const [, from = String(first), to = from, step = '1'] = match
    if (
      name === 'day of week' &&
      match[1] !== undefined &&
      match[2] === undefined &&
      match[3] !== undefined
    ) {
      return {
        message: `"${part}": a step of the days of the week needs a range.`,
        hint: 'For example: 1-5/2',
      }
    }
    const inside = [from, to].every((word) => valueOf(word) >= first && valueOf(word) <= last)
    if (!inside) return { message: `"${part.slice(0, 20)}" is no ${name}: there are ${first} to ${last}.` }
    if (valueOf(to) < valueOf(from))
      return { message: `"${part}": the range of the ${name} ends before it starts.` }
    if (Number(step) === 0) return { message: `"${part}": a step of 0 goes nowhere.` }
    if (Number(step) > field.step.most) return tooLong(part, Number(step), field)
  }
  return undefined
}

/** Croner throws; Temporal, as cron, runs at the start of each hour or day, as if there were no step. */
function tooLong(part: string, step: number, { step: { most, unit, within } }: Field): CronMistake {
  return {
    message: `"${part}": a step of ${step} ${unit}s does not fit into ${within}.`,
    hint:
      unit === 'month'
        ? `Write a step of at most ${most}.`
        : `For every ${step} ${unit}s, write "every: ${step}${unit.charAt(0)}" instead of "cron".`,
  }
}

const isRestricted = (field: string | undefined): boolean => field !== '*' && field !== '*/1'

/** `5/15` (from 5 on, every 15) is read by Temporal, and by croner only as `5-59/15`. */
function normalised(expression: string): string {
  const fields = expression.trim().split(/\s+/)
  return fields
    .map((field, index) =>
      field
        .split(',')
        .map((part) => part.replace(/^(\w+)\/(\d+)$/, `$1-${FIELDS[index]?.last ?? 0}/$2`))
        .join(','),
    )
    .join(' ')
}

/** Wall-clock times at which the expression fires, from a wall-clock time on. */
function* nextEntries(expression: string, from: Date): Generator<Date> {
  const cron = new Cron(normalised(expression), { timezone: 'UTC' })
  let entry = cron.nextRun(new Date(from.getTime() - 1000))
  for (let count = 0; entry !== null && count < MOST_ENTRIES; count++) {
    yield entry
    entry = cron.nextRun(entry)
  }
}

/**
 * The next runs, as Temporal has them: a local time that is skipped when clocks go forward does not run, one that comes
 * twice when they go back runs twice.
 */
export function nextCronRuns(ask: {
  cron: string
  timezone: string
  after: Date
  count: number
}): readonly Date[] {
  const runs: Date[] = []
  const start = new Date(wallTime(ask.after, ask.timezone).getTime() - FOLD)
  for (const wall of nextEntries(ask.cron, start)) {
    const last = runs[ask.count - 1]
    // What comes twice is out of order by no more than a fold.
    if (last !== undefined && wall.getTime() > wallTime(last, ask.timezone).getTime() + FOLD) break
    runs.push(...instantsOf(wall, ask.timezone).filter((instant) => instant > ask.after))
    runs.sort((a, b) => a.getTime() - b.getTime())
  }
  return runs.slice(0, ask.count)
}

/** A leap year and a bit: every day on which an expression of each year fires. */
const MOST_DAYS = 400
const DAY = 86_400_000

/** The longest time between two runs, to the day: what runs on working days has a gap of three. At least one day. */
export function longestCronInterval(expression: string): number {
  const [, , ...days] = expression.trim().split(/\s+/)
  let longest = DAY
  let before: Date | undefined
  let count = 0
  for (const day of nextEntries(['0', '0', ...days].join(' '), new Date('2026-01-01T00:00:00Z'))) {
    if (before) longest = Math.max(longest, day.getTime() - before.getTime())
    before = day
    if (++count >= MOST_DAYS) break
  }
  return longest
}

/** Runs that a change of the clocks skips or doubles, as wall-clock times. */
export interface AffectedRuns {
  readonly change: ClockChange
  readonly times: readonly Date[]
}

/** What happens on the days, within a year, on which clocks are set. What runs every hour loses and doubles nothing. */
export function affectedRuns(
  schedule: { cron: string; timezone: string },
  since: Date,
): readonly AffectedRuns[] {
  const hours = schedule.cron.trim().split(/\s+/)[1]
  if (hours === '*' || hours === '*/1' || hours === '0-23') return []
  return clockChanges(schedule.timezone, since)
    .map((change) => ({ change, times: entriesBetween(schedule.cron, change) }))
    .filter(({ times }) => times.length > 0)
}

function entriesBetween(expression: string, { from, to }: ClockChange): readonly Date[] {
  const times: Date[] = []
  for (const entry of nextEntries(expression, from)) {
    if (entry >= to) break
    times.push(entry)
  }
  return times
}
