import fc from 'fast-check'
import { withMarks, type BackupSummary } from '../../core/backup.js'
import { bestCopy, mergeCopies } from '../../core/copies.js'
import { NO_MARKS, type MarkState } from '../../core/marks.js'
import { decideReplication, pickDue, replicationLimitMs } from '../../core/replication.js'
import { decideRetention } from '../../core/retention.js'

const HOUR = 3_600_000
const NOW = '2026-03-10T12:00:00.000Z'

function backup(
  day: number,
  destination = 'disk',
  changes: Partial<BackupSummary> & { marks?: MarkState } = {},
): BackupSummary {
  const date = String(day).padStart(2, '0')
  const takenAt = `2026-03-${date}T01:30:00.000Z`
  const summary: BackupSummary = {
    ...{ id: `202603${date}-013000-shop-000000`, site: 'home', plan: 'shop', host: 'nas', destination },
    ...{ takenAt, completedAt: takenAt, data: 'complete', services: 'ok', isSubset: false, isSound: true },
    ...{ isGood: true, marks: NO_MARKS, sources: [], plainBytes: 1, storedBytes: 1 },
    ...{ downtimeMs: 0, notCaptured: 0 },
    ...changes,
  }
  return withMarks(summary, summary.marks)
}

const deletion = {
  by: 'retention',
  until: '2026-03-20T00:00:00.000Z',
  marks: ['x'],
} as const satisfies MarkState['deletion']
const damaged = { outcome: 'damaged', at: NOW, problem: 'a.tar is missing.' } as const

const decisionsOf = (
  here: readonly BackupSummary[],
  there: readonly BackupSummary[],
  rules?: { keepLast?: number; keepMonthly?: number; minimum: number },
) =>
  decideReplication({
    ...{ here, there, to: 'offsite', site: 'home', plan: 'shop', timezone: 'UTC', now: NOW },
    ...(rules === undefined ? {} : { rules }),
  })
const dueOf = (...asked: Parameters<typeof decisionsOf>): readonly string[] =>
  decisionsOf(...asked)
    .filter(({ isDue }) => isDue)
    .map(({ backupId }) => backupId.slice(6, 8))

describe('what is copied', () => {
  test.each<[string, Parameters<typeof decisionsOf>, string[]]>([
    [
      'all that is missing, newest first',
      [[backup(1), backup(3), backup(2)], [backup(2, 'offsite')]],
      ['03', '01'],
    ],
    ['nothing, where all is there', [[backup(1)], [backup(1, 'offsite')]], []],
    [
      'what retention there keeps',
      [[backup(8), backup(9), backup(10)], [], { keepLast: 2, minimum: 1 }],
      ['10', '09'],
    ],
    [
      'nothing older than what retention there keeps already',
      [[backup(8), backup(9)], [backup(9, 'offsite'), backup(10, 'offsite')], { keepLast: 2, minimum: 1 }],
      [],
    ],
    ['nothing that is deleted', [[backup(1, 'disk', { marks: { ...NO_MARKS, deletion } })], []], []],
    [
      'nothing whose copy was deleted',
      [[backup(1)], [backup(1, 'offsite', { marks: { ...NO_MARKS, deletion } })]],
      [],
    ],
    [
      'nothing that is damaged',
      [[backup(1, 'disk', { marks: { ...NO_MARKS, verification: damaged } })], []],
      [],
    ],
    ['nothing that proves nothing', [[backup(1, 'disk', { authenticity: 'unauthenticated' })], []], []],
    ['nothing of another site', [[backup(1, 'disk', { site: 'other' })], []], []],
    [
      'what is suspect or inconsistent',
      [[backup(2, 'disk', { data: 'suspect' }), backup(1, 'disk', { isSound: false })], []],
      ['02', '01'],
    ],
    [
      'what is pinned, whatever the rules',
      [
        [backup(1, 'disk', { marks: { ...NO_MARKS, pin: { at: NOW } } }), backup(9), backup(10)],
        [],
        { keepLast: 1, minimum: 1 },
      ],
      ['10', '01'],
    ],
  ])('%s', (_, asked, due) => {
    expect(dueOf(...asked)).toEqual(due)
  })

  test('each decision says why', () => {
    const here = [backup(8), backup(9), backup(10)]

    const decisions = decisionsOf(here, [backup(10, 'offsite')], { keepLast: 2, minimum: 1 })

    expect(decisions.map(({ because }) => because)).toEqual([
      'it is there',
      'last 2 of 2',
      'retention there would not keep it',
    ])
  })

  const days = fc.uniqueArray(fc.integer({ min: 1, max: 10 }), { maxLength: 10 })
  const rules = fc.option(fc.record({ keepLast: fc.integer({ min: 1, max: 5 }), minimum: fc.constant(1) }), {
    nil: undefined,
  })

  test('what is copied stays: retention at once afterwards removes none of it, and nothing more is due', () => {
    fc.assert(
      fc.property(days, days, rules, (here, there, kept) => {
        const sources = here.map((day) => backup(day))
        const before = there.map((day) => backup(day, 'offsite'))
        const due = dueOf(sources, before, kept)

        const after = [...before, ...due.map((day) => backup(Number(day), 'offsite'))]

        expect(new Set(after.map(({ id }) => id)).size).toBe(after.length)
        expect(dueOf(sources, after, kept)).toEqual([])
        if (kept === undefined) return
        const question = {
          backups: after,
          rules: kept,
          site: 'home',
          plan: 'shop',
          timezone: 'UTC',
          now: NOW,
        }
        const removed = decideRetention(question).filter(({ keptBecause }) => keptBecause.length === 0)
        for (const { backupId } of removed) expect(due).not.toContain(backupId.slice(6, 8))
      }),
    )
  })
})

describe('what of it is done now', () => {
  const decisions = decisionsOf(
    [backup(7), backup(8), backup(9), backup(10, 'disk', { marks: { ...NO_MARKS, verification: damaged } })],
    [backup(9, 'offsite')],
    { keepLast: 2, minimum: 1 },
  )
  const id = (day: number) => backup(day).id
  const pick = (othersAtMost: number, backupId?: string) =>
    pickDue(decisions, { from: 'disk', othersAtMost, ...(backupId === undefined ? {} : { backupId }) })

  test('others as many as are asked for, the rest is left', () => {
    const many = decisionsOf([backup(1), backup(2), backup(3)], [])

    expect(pickDue(many, { from: 'disk', othersAtMost: 2 })).toEqual({ now: [id(3), id(2)], left: 1 })
  })

  test('the backup of the run comes first', () => {
    expect(pick(10, id(8)).now).toEqual([id(8)])
  })

  test('a backup that a person asks for is copied although retention would not keep it', () => {
    expect(pick(0, id(7))).toEqual({ now: [id(7)], left: 0 })
  })

  test('a backup that is there already is no work, and no failure', () => {
    expect(pick(0, id(9))).toEqual({ now: [], left: 0 })
  })

  test('a damaged backup is refused, and so is one that nobody sees', () => {
    expect(pick(0, id(10)).refused?.problem).toContain('damaged at "disk"')
    expect(pick(0, id(1)).refused?.problem).toContain('"disk"')
  })
})

test.each([
  ['a day where the plan has no schedule', undefined, 24 * HOUR],
  ['until ten minutes before the next run', 5 * HOUR, 5 * HOUR - 600_000],
  ['never more than a day', 200 * HOUR, 24 * HOUR],
  ['half of the time where the plan runs every few minutes', 300_000, 150_000],
  ['a minute at least, where the next run is late already', -5000, 60_000],
])('copies may take %s', (_, untilNextMs, limit) => {
  const now = Date.parse(NOW)

  expect(replicationLimitMs(now, untilNextMs === undefined ? undefined : now + untilNextMs)).toBe(limit)
})

describe('one backup at several destinations', () => {
  test('is one line with its copies, in the order of the configuration', () => {
    const merged = mergeCopies(
      [backup(2, 'offsite'), backup(1), backup(1, 'offsite'), backup(2), backup(1, 'extra')],
      ['disk', 'offsite'],
    )

    expect(merged.map(({ id, destination }) => [id.slice(6, 8), destination])).toEqual([
      ['01', 'disk'],
      ['02', 'disk'],
    ])
    expect(merged[0]?.copies.map(({ destination }) => destination)).toEqual(['disk', 'offsite', 'extra'])
  })

  test('is good where one of its copies is, and that one is read', () => {
    const broken = backup(1, 'disk', { marks: { ...NO_MARKS, verification: damaged } })

    const [merged] = mergeCopies([broken, backup(1, 'offsite')], ['disk', 'offsite'])

    expect(merged).toMatchObject({ isGood: true, destination: 'offsite' })
  })

  test('without a good copy, one that is not damaged is preferred', () => {
    const suspect = { destination: 'offsite', isGood: false, marks: NO_MARKS }
    const broken = { destination: 'disk', isGood: false, marks: { ...NO_MARKS, verification: damaged } }

    expect(bestCopy([broken, suspect])).toBe(suspect)
    expect(bestCopy([broken])).toBe(broken)
    expect(bestCopy([])).toBeUndefined()
  })
})
