import fc from 'fast-check'
import { cronMistake, longestCronInterval, nextCronRuns } from '../../plan/cron.js'
import { nextRuns } from '../../plan/next-runs.js'
import { instantsOf, wallTime } from '../../plan/zones.js'

const runs = (cron: string, timezone: string, after: string, count: number) =>
  nextCronRuns({ cron, timezone, after: new Date(after), count }).map((run) => run.toISOString().slice(0, 16))

test.each([
  [
    'daily in winter',
    '30 4 * * *',
    'Europe/Berlin',
    '2026-01-01T00:00Z',
    ['2026-01-01T03:30', '2026-01-02T03:30'],
  ],
  ['a run at this very moment is over', '0 5 * * *', 'UTC', '2026-01-01T05:00Z', ['2026-01-02T05:00']],
  [
    'clocks go forward: no run that day',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T00:00Z',
    ['2026-03-28T01:30', '2026-03-30T00:30'],
  ],
  [
    'clocks go back: two runs that day',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00Z',
    ['2026-10-25T00:30', '2026-10-25T01:30', '2026-10-26T01:30'],
  ],
  [
    'every half hour while clocks go back',
    '*/30 * * * *',
    'Europe/Berlin',
    '2026-10-25T00:00Z',
    ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
  ],
  [
    'a change of half an hour',
    '45 1 * * *',
    'Australia/Lord_Howe',
    '2026-04-03T16:00Z',
    ['2026-04-04T14:45', '2026-04-04T15:15'],
  ],
  [
    'clocks go forward at midnight',
    '15 0 * * *',
    'America/Santiago',
    '2026-09-05T00:00Z',
    ['2026-09-05T04:15', '2026-09-07T03:15'],
  ],
  ['a day in leap years', '0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
  [
    'from five on, every quarter',
    '5/15 0 * * *',
    'UTC',
    '2026-01-01T00:00Z',
    ['2026-01-01T00:05', '2026-01-01T00:20'],
  ],
  ['Sunday as 7', '0 0 * * 7', 'UTC', '2026-11-21T12:00Z', ['2026-11-22T00:00']],
])('%s', (_, cron, timezone, after, expected) => {
  expect(runs(cron, timezone, after, expected.length)).toEqual(expected)
})

test('intervals count from the epoch', () => {
  const schedule = { everyMs: 6 * 3_600_000, timezone: 'UTC', jitterMs: 0, catchUpMs: 0, paused: false }

  const found = nextRuns(schedule, { after: new Date('2026-01-01T06:00Z'), count: 2 })

  expect(found.map((run) => run.toISOString())).toEqual([
    '2026-01-01T12:00:00.000Z',
    '2026-01-01T18:00:00.000Z',
  ])
})

test.each([
  '30 2 * * *',
  '*/5 0-6 1,15 * *',
  '0 0 * jan-mar MON-FRI',
  '0 0 29 feb *',
  '0 22 * * 1-5/2',
  '0 0 */1 * 1',
  '*/60 */24 * * *',
  '0 0 */31 */12 *',
  '0 0 * * 1-5/7',
])('%s is fine', (cron) => {
  expect(cronMistake(cron)).toBeUndefined()
})

test.each([
  ['@daily', 'Write "0 0 * * *".'],
  ['@dialy', 'Write "0 0 * * *".'],
  ['* * * *', 'They are: minute, hour, day of month, month, day of week.'],
  ['0 0 0 * * *', 'They are: minute, hour, day of month, month, day of week.'],
  ['0 0 L * *', undefined],
  ['0 0 ? * *', 'Write *, a number, a range (1-5), a list (1,3) or a step (*/2).'],
  ['0 0 * * 1/2', 'For example: 1-5/2'],
  ['0 24 * * *', undefined],
  ['0 0 * * FRI-MON', undefined],
  ['*/0 * * * *', undefined],
  ['*/90 * * * *', 'For every 90 minutes, write "every: 90m" instead of "cron".'],
  ['5/61 * * * *', 'For every 61 minutes, write "every: 61m" instead of "cron".'],
  ['0 */36 * * *', 'For every 36 hours, write "every: 36h" instead of "cron".'],
  ['0 0 */40 * *', 'For every 40 days, write "every: 40d" instead of "cron".'],
  ['0 0 1 */13 *', 'Write a step of at most 12.'],
  ['0 0 * * 1-5/9', 'For every 9 days, write "every: 9d" instead of "cron".'],
  ['0 0 30,31 2 *', undefined],
])('%s is refused with what to do', (cron, hint) => {
  expect(cronMistake(cron)).toMatchObject(hint === undefined ? {} : { hint })
  expect(cronMistake(cron)).toBeDefined()
})

test('a step that does not fit is named with what it does not fit into', () => {
  expect(cronMistake('*/90 * * * *')?.message).toBe('"*/90": a step of 90 minutes does not fit into an hour.')
})

/** One field, such as `1-5/2,*`; the others are `*`. */
const crons = fc
  .constantFrom([0, 0, 59], [1, 0, 23], [2, 1, 31], [3, 1, 12], [4, 0, 7])
  .chain(([index, first, last]) => {
    const value = fc.integer({ min: first, max: last })
    const range = fc.tuple(value, value).map(([from, to]) => `${Math.min(from, to)}-${Math.max(from, to)}`)
    const step = fc.integer({ min: 1, max: 99 }).map((length) => `/${length}`)
    const part = fc.tuple(
      fc.oneof(fc.constant('*'), value.map(String), range),
      fc.oneof(fc.constant(''), step),
    )
    const field = fc.array(part, { minLength: 1, maxLength: 2 })
    return field.map((parts) =>
      ['*', '*', '*', '*', '*'].with(index, parts.map((pieces) => pieces.join('')).join(',')).join(' '),
    )
  })

test('what is accepted has next runs, whatever it is', () => {
  fc.assert(
    fc.property(crons, (cron) => {
      fc.pre(cronMistake(cron) === undefined)
      expect(runs(cron, 'Europe/Berlin', '2026-01-01T00:00Z', 1)).toHaveLength(1)
    }),
  )
})

test.each([
  ['*/5 * * * *', 1],
  ['30 2 * * *', 1],
  ['0 2 * * 1-5', 3],
  ['0 2 * * sun', 7],
  ['0 2 1 * *', 31],
  ['* * 1 1 *', 366],
])('between two runs of %s lie at most %i days', (cron, days) => {
  expect(longestCronInterval(cron)).toBe(days * 86_400_000)
})

test('an instant is among those that its wall-clock time stands for', () => {
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/Santiago',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Africa/Casablanca',
  )
  const seconds = fc.integer({ min: Date.UTC(2020, 0) / 1000, max: Date.UTC(2035, 0) / 1000 })
  fc.assert(
    fc.property(zones, seconds, (zone, second) => {
      const instant = new Date(second * 1000)
      expect(instantsOf(wallTime(instant, zone), zone).map(Number)).toContain(instant.getTime())
    }),
  )
})
