import fc from 'fast-check'
import type { BackupSummary } from '../../core/backup.js'
import type { RetentionRules } from '../../core/job.js'
import { NO_MARKS, type MarkState } from '../../core/marks.js'
import { decideRetention, standstillReason, type RetentionQuestion } from '../../core/retention.js'

type Taken =
  string | { at: string; isGood?: boolean; site?: string; plan?: string; marks?: Partial<MarkState> }

const summary = (taken: Taken): BackupSummary => {
  const {
    at,
    isGood = true,
    site = 'home',
    plan = 'shop',
    marks = {},
  } = typeof taken === 'string' ? { at: taken } : taken
  const takenAt = new Date(at).toISOString()
  return {
    id: `${takenAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${plan}-000000`,
    site,
    plan,
    host: 'nas',
    destination: 'disk',
    takenAt,
    completedAt: takenAt,
    data: isGood ? 'complete' : 'degraded',
    services: 'ok',
    isSubset: false,
    isSound: isGood,
    isGood,
    marks: { ...NO_MARKS, ...marks },
    sources: [],
    plainBytes: 1,
    storedBytes: 1,
    downtimeMs: 0,
    notCaptured: 0,
  }
}

const question = (
  backups: readonly Taken[],
  rules: Partial<RetentionRules>,
  other: Partial<RetentionQuestion> = {},
): RetentionQuestion => ({
  backups: backups.map(summary),
  rules: { minimum: 1, ...rules },
  site: 'home',
  plan: 'shop',
  timezone: 'UTC',
  now: '2026-03-05T12:00:00.000Z',
  ...other,
})

const keptOf = (asked: RetentionQuestion): string[] =>
  decideRetention(asked)
    .filter(({ keptBecause }) => keptBecause.length > 0)
    .map(({ takenAt }) => takenAt.slice(0, 16))

const reasonsOf = (asked: RetentionQuestion): Record<string, readonly string[]> =>
  Object.fromEntries(
    decideRetention(asked).map(({ takenAt, keptBecause }) => [takenAt.slice(0, 16), keptBecause]),
  )

const at = '2026-03-01T00:00:00.000Z'
const verified: Partial<MarkState> = { verification: { outcome: 'verified', at } }
const damaged: Partial<MarkState> = { verification: { outcome: 'damaged', at, problem: 'x' } }
const pinned: Partial<MarkState> = { pin: { at } }
const deleted: Partial<MarkState> = { deletion: { by: 'person', until: at, marks: ['x'] } }

const days = [
  '2026-03-01T09:00Z',
  '2026-03-02T09:00Z',
  '2026-03-02T21:00Z',
  '2026-03-03T21:00Z',
  '2026-03-04T21:00Z',
]

describe('what marks do', () => {
  test('the verified one stands for its day, and the newest good one stays beside it', () => {
    const asked = question(
      [{ at: '2026-03-04T09:00Z', marks: verified }, '2026-03-04T12:00Z', '2026-03-04T15:00Z'],
      { keepDaily: 1 },
    )

    expect(reasonsOf(asked)).toEqual({
      '2026-03-04T15:00': ['minimum of 1'],
      '2026-03-04T12:00': [],
      '2026-03-04T09:00': ['daily 2026-03-04', 'the newest that was verified'],
    })
  })

  test('a pin keeps with its reason, and so does a mark that cannot be read', () => {
    const asked = question(
      [
        { at: '2026-03-01T00:00Z', marks: { pin: { at, because: 'the audit' } } },
        { at: '2026-03-02T00:00Z', marks: pinned },
        { at: '2026-03-03T00:00Z', marks: { hasUnreadable: true } },
        '2026-03-04T00:00Z',
      ],
      { keepLast: 1 },
    )

    expect(reasonsOf(asked)).toEqual({
      '2026-03-04T00:00': ['last 1 of 1', 'minimum of 1'],
      '2026-03-03T00:00': ['a mark of it cannot be read or checked'],
      '2026-03-02T00:00': ['pinned'],
      '2026-03-01T00:00': ['pinned: the audit'],
    })
  })

  test('what is deleted is neither counted nor decided about', () => {
    const asked = question(['2026-03-03T00:00Z', { at: '2026-03-04T00:00Z', marks: deleted }], {
      keepLast: 1,
    })

    expect(reasonsOf(asked)).toEqual({ '2026-03-03T00:00': ['last 1 of 1', 'minimum of 1'] })
  })

  test.each<[string, Taken[], string | undefined]>([
    ['nothing good is left', [{ at: '2026-03-04T00:00Z', isGood: false }], 'there is no good backup'],
    [
      'the only good one is deleted',
      [{ at: '2026-03-04T00:00Z', marks: deleted }],
      'there is no good backup',
    ],
    [
      'a deleted one is from later than now',
      ['2026-03-04T00:00Z', { at: '2026-03-06T00:00Z', marks: deleted }],
      'the clock is before the newest backup',
    ],
    ['the newest good one is too old', ['2026-02-20T00:00Z'], 'no good backup for more than 7d 0h'],
    ['all is well', ['2026-03-04T00:00Z'], undefined],
  ])('deleted ones are not removed while %s', (_, backups, reason) => {
    expect(standstillReason(question(backups, {}))).toBe(reason)
  })
})

describe('which backups stay', () => {
  test.each<[string, Taken[], Partial<RetentionRules>, string[]]>([
    ['keeps the newest so many', days, { keepLast: 2 }, ['2026-03-04T21:00', '2026-03-03T21:00']],
    [
      'keeps the newest of each day that has one',
      days,
      { keepDaily: 3 },
      ['2026-03-04T21:00', '2026-03-03T21:00', '2026-03-02T21:00'],
    ],
    [
      'does not count hours without a backup',
      ['2026-03-05T01:10Z', '2026-03-05T09:10Z', '2026-03-05T09:50Z', '2026-03-05T11:00Z'],
      { keepHourly: 2 },
      ['2026-03-05T11:00', '2026-03-05T09:50'],
    ],
    [
      'keeps the newest of each month',
      ['2026-01-01T00:00Z', '2026-01-31T00:00Z', '2026-02-28T00:00Z', '2026-03-05T00:00Z'],
      { keepMonthly: 3 },
      ['2026-03-05T00:00', '2026-02-28T00:00', '2026-01-31T00:00'],
    ],
    [
      'keeps the newest of each year',
      ['2024-06-01T00:00Z', '2025-01-01T00:00Z', '2025-12-31T00:00Z', '2026-03-05T00:00Z'],
      { keepYearly: 2 },
      ['2026-03-05T00:00', '2025-12-31T00:00'],
    ],
    [
      'keeps all that are young enough, to the millisecond',
      ['2026-03-03T11:59Z', '2026-03-03T12:00Z', '2026-03-05T00:00Z'],
      { keepWithinMs: 2 * 86_400_000 },
      ['2026-03-05T00:00', '2026-03-03T12:00'],
    ],
    [
      'keeps at least the minimum',
      days,
      { keepLast: 1, minimum: 2 },
      ['2026-03-04T21:00', '2026-03-03T21:00'],
    ],
    [
      'keeps everything where no rule says what to keep',
      days,
      {},
      [...days].reverse().map((day) => day.slice(0, 16)),
    ],
    [
      'takes rules of 0 for no rules',
      days,
      { keepLast: 0, keepDaily: 0 },
      [...days].reverse().map((day) => day.slice(0, 16)),
    ],
    [
      'keeps the only good backup, however old its successors are not good',
      ['2026-03-01T09:00Z', { at: '2026-03-02T09:00Z', isGood: false }],
      { keepLast: 1 },
      ['2026-03-02T09:00', '2026-03-01T09:00'],
    ],
    [
      'never counts one that is not good',
      [
        '2026-03-01T09:00Z',
        '2026-03-02T09:00Z',
        { at: '2026-03-03T09:00Z', isGood: false },
        '2026-03-04T09:00Z',
      ],
      { keepLast: 2 },
      ['2026-03-04T09:00', '2026-03-03T09:00', '2026-03-02T09:00'],
    ],
    [
      'lets one that is not good go when the places of its rules are taken by newer good ones',
      [{ at: '2026-03-01T09:00Z', isGood: false }, '2026-03-02T09:00Z', '2026-03-03T09:00Z'],
      { keepDaily: 2 },
      ['2026-03-03T09:00', '2026-03-02T09:00'],
    ],
    [
      'lets one that is not good go when its day has a good one',
      [{ at: '2026-03-02T21:00Z', isGood: false }, '2026-03-02T09:00Z', '2026-03-03T09:00Z'],
      { keepDaily: 7 },
      ['2026-03-03T09:00', '2026-03-02T09:00'],
    ],
    [
      'does not let the first good backup wipe out a history of imperfect ones',
      [
        { at: '2026-01-10T09:00Z', isGood: false },
        { at: '2026-01-20T09:00Z', isGood: false },
        { at: '2026-02-10T09:00Z', isGood: false },
        '2026-03-05T09:00Z',
      ],
      { keepMonthly: 6 },
      ['2026-03-05T09:00', '2026-02-10T09:00', '2026-01-20T09:00'],
    ],
  ])('%s', (_, taken, rules, kept) => {
    expect(keptOf(question(taken, rules))).toEqual(kept)
  })

  test('says why', () => {
    const reasons = reasonsOf(
      question([...days, { at: '2026-02-20T09:00Z', isGood: false }], {
        keepLast: 1,
        keepDaily: 2,
        keepWeekly: 2,
        keepMonthly: 2,
        minimum: 2,
      }),
    )

    expect(reasons).toEqual({
      '2026-03-04T21:00': [
        'last 1 of 1',
        'daily 2026-03-04',
        'weekly 2026-W10',
        'monthly 2026-03',
        'minimum of 2',
      ],
      '2026-03-03T21:00': ['daily 2026-03-03', 'minimum of 2'],
      '2026-03-02T21:00': [],
      '2026-03-02T09:00': [],
      '2026-03-01T09:00': ['weekly 2026-W09'],
      '2026-02-20T09:00': ['not good, stands in: monthly 2026-02'],
    })
  })
})

describe('the calendar', () => {
  test.each<[string, string, Taken[], Partial<RetentionRules>, string[]]>([
    [
      'counts days in the zone of the plan',
      'America/New_York',
      ['2026-03-02T03:00Z', '2026-03-02T06:00Z', '2026-03-04T01:00Z'],
      { keepDaily: 9 },
      ['2026-03-04T01:00', '2026-03-02T06:00', '2026-03-02T03:00'],
    ],
    [
      'takes the hour that comes twice, when clocks go back, for two hours',
      'Europe/Berlin',
      ['2025-10-26T00:30Z', '2025-10-26T01:30Z', '2025-10-26T01:40Z'],
      { keepHourly: 9 },
      ['2025-10-26T01:40', '2025-10-26T00:30'],
    ],
    [
      'counts the day of 23 hours as one',
      'Europe/Berlin',
      ['2025-03-29T22:59Z', '2025-03-29T23:00Z', '2025-03-30T21:59Z', '2025-03-30T22:00Z'],
      { keepDaily: 9 },
      ['2025-03-30T22:00', '2025-03-30T21:59', '2025-03-29T22:59'],
    ],
    [
      'puts the last days of December into week 1 of the next year',
      'UTC',
      [
        '2024-12-29T12:00Z',
        '2024-12-30T12:00Z',
        '2025-01-01T12:00Z',
        '2025-01-05T12:00Z',
        '2025-01-06T12:00Z',
      ],
      { keepWeekly: 9 },
      ['2025-01-06T12:00', '2025-01-05T12:00', '2024-12-29T12:00'],
    ],
    [
      'puts the first days of January into week 53 of the year before',
      'UTC',
      ['2020-12-28T12:00Z', '2021-01-03T12:00Z', '2021-01-04T12:00Z'],
      { keepWeekly: 9 },
      ['2021-01-04T12:00', '2021-01-03T12:00'],
    ],
    [
      'ends the year at midnight of the zone',
      'Pacific/Auckland',
      ['2024-12-31T10:59Z', '2024-12-31T11:00Z'],
      { keepYearly: 9 },
      ['2024-12-31T11:00', '2024-12-31T10:59'],
    ],
    [
      'knows zones that are a part of an hour off',
      'Asia/Kathmandu',
      ['2025-06-01T00:14Z', '2025-06-01T00:16Z', '2025-06-01T00:20Z'],
      { keepHourly: 9 },
      ['2025-06-01T00:20', '2025-06-01T00:14'],
    ],
  ])('%s', (_, timezone, taken, rules, kept) => {
    const now = new Date(
      Math.max(...taken.map((at) => new Date(at as string).getTime())) + 1000,
    ).toISOString()

    expect(keptOf(question(taken, rules, { timezone, now }))).toEqual(kept)
  })

  test.each([
    ['2024-12-30', '2025-W01'],
    ['2026-01-01', '2026-W01'],
    ['2027-01-01', '2026-W53'],
    ['2023-01-01', '2022-W52'],
  ])('names the ISO week of %s %s', (day, week) => {
    const now = `${day}T13:00:00Z`

    expect(reasonsOf(question([`${day}T12:00Z`], { keepWeekly: 1 }, { now }))[`${day}T12:00`]).toContain(
      `weekly ${week}`,
    )
  })
})

describe('when something is wrong, nothing goes', () => {
  const DAY = 86_400_000

  test('while the clock is before the newest backup', () => {
    const reasons = reasonsOf(question([...days, '2026-03-05T12:00:01Z'], { keepLast: 1 }))

    expect(reasons['2026-03-05T12:00']).toContain('taken in the future')
    expect(reasons['2026-03-01T09:00']).toEqual(['the clock is before the newest backup'])
  })

  test('while no good backup was made for seven days', () => {
    const asked = question([...days, { at: '2026-03-11T00:00Z', isGood: false }], { keepLast: 1 })

    expect(keptOf({ ...asked, now: '2026-03-11T21:00:00Z' })).toHaveLength(2)
    expect(reasonsOf({ ...asked, now: '2026-03-11T21:00:01Z' })['2026-03-01T09:00']).toEqual([
      'no good backup for more than 7d 0h',
    ])
  })

  test('longer still for plans that run seldom', () => {
    const asked = question(days, { keepLast: 1 }, { now: '2026-03-20T00:00:00Z' })

    expect(keptOf(asked)).toHaveLength(5)
    expect(keptOf({ ...asked, intervalMs: 7 * DAY })).toHaveLength(1)
  })

  test('while there is no good backup', () => {
    const bad = days.map((at) => ({ at, isGood: false }))

    expect(keptOf(question(bad, { keepLast: 1 }))).toHaveLength(5)
  })
})

describe('whatever the backups and the rules', () => {
  const NOW = new Date('2026-03-05T12:00:00Z').getTime()
  const counts = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined })
  const rules: fc.Arbitrary<RetentionRules> = fc
    .record({
      keepLast: counts,
      keepHourly: counts,
      keepDaily: counts,
      keepWeekly: counts,
      keepMonthly: counts,
      keepYearly: counts,
      keepWithinMs: fc.option(fc.integer({ min: 0, max: 90 * 86_400_000 }), { nil: undefined }),
      minimum: fc.integer({ min: 1, max: 4 }),
    })
    .map(
      (all) =>
        Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as RetentionRules,
    )
  const backups = fc
    .uniqueArray(
      fc.record({
        // Half of them within days, so that the rules meet both crowded and empty periods; few from the future.
        ageMs: fc.oneof(
          { arbitrary: fc.integer({ min: 0, max: 10 * 86_400_000 }), weight: 40 },
          { arbitrary: fc.integer({ min: 0, max: 3 * 366 * 86_400_000 }), weight: 40 },
          { arbitrary: fc.integer({ min: -86_400_000, max: 0 }), weight: 1 },
        ),
        isGood: fc.boolean(),
        marks: fc.oneof(
          { arbitrary: fc.constant({}), weight: 6 },
          fc.constantFrom<Partial<MarkState>>(verified, damaged, pinned, deleted, { hasUnreadable: true }),
        ),
        own: fc.oneof(
          { arbitrary: fc.constant({}), weight: 8 },
          fc.constant({ site: 'away' }),
          fc.constant({ plan: 'blog' }),
        ),
      }),
      {
        maxLength: 40, // Ids tell seconds apart.
        selector: ({ ageMs }) => Math.floor((NOW - ageMs) / 1000),
      },
    )
    .map((all) =>
      all.map(({ ageMs, isGood, marks, own }) => ({
        at: new Date(NOW - ageMs).toISOString(),
        isGood: isGood && marks !== damaged,
        marks,
        ...own,
      })),
    )
  const timezones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia')
  const asked = fc
    .record({ backups, rules, timezone: timezones })
    .map((all) => question(all.backups, all.rules, { timezone: all.timezone }))
  const goneOf = (one: RetentionQuestion): string[] =>
    decideRetention(one)
      .filter(({ keptBecause }) => keptBecause.length === 0)
      .map(({ backupId }) => backupId)
  const goodOf = (one: RetentionQuestion): BackupSummary[] =>
    one.backups.filter(
      ({ isGood, site, plan, marks }) =>
        isGood && site === 'home' && plan === 'shop' && marks.deletion === undefined,
    )

  test('never fewer good ones than the minimum, never the only good one', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const gone = new Set(goneOf(one))
        const left = goodOf(one).filter(({ id }) => !gone.has(id))

        expect(left.length).toBeGreaterThanOrEqual(Math.min(goodOf(one).length, one.rules.minimum))
      }),
    )
  })

  test('never the newest that was verified, never a pinned one, never one with a mark that cannot be read', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const gone = new Set(goneOf(one))
        const isVerified = ({ marks }: BackupSummary) => marks.verification?.outcome === 'verified'
        const proven = goodOf(one).filter(isVerified)

        expect(proven.length === 0 || proven.some(({ id }) => !gone.has(id))).toBe(true)
        for (const { id, marks } of one.backups)
          if (marks.pin || marks.hasUnreadable || marks.deletion) expect(gone).not.toContain(id)
      }),
    )
  })

  test('never one from the future, never anything newer than the newest good one', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const newest =
          goodOf(one)
            .map(({ takenAt }) => takenAt)
            .sort()
            .at(-1) ?? ''
        const gone = new Set(goneOf(one))

        for (const { id, takenAt } of one.backups)
          if (gone.has(id)) expect(takenAt < newest && takenAt <= one.now).toBe(true)
      }),
    )
  })

  test('a backup that is not good never decides over a good one', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const past = { ...one, backups: one.backups.filter(({ takenAt }) => takenAt <= one.now) }
        const without = { ...past, backups: past.backups.filter(({ isGood }) => isGood) }
        const good = new Set(without.backups.map(({ id }) => id))

        expect(goneOf(past).filter((id) => good.has(id))).toEqual(goneOf(without))
      }),
    )
  })

  test('adding or raising a rule never removes more', () => {
    const isAsking = ({ rules: { minimum: _, ...keep } }: RetentionQuestion) =>
      Object.values(keep).some((count) => count > 0)
    fc.assert(
      fc.property(asked.filter(isAsking), rules, (one, more) => {
        const raised = { ...one.rules } as Record<string, number>
        for (const [rule, value] of Object.entries<number>(more))
          raised[rule] = Math.max(raised[rule] ?? 0, value)
        const before = new Set(goneOf(one))

        for (const id of goneOf({ ...one, rules: raised as unknown as RetentionRules }))
          expect(before).toContain(id)
      }),
    )
  })

  test('the order of the question does not matter', () => {
    fc.assert(
      fc.property(asked, fc.infiniteStream(fc.nat()), (one, random) => {
        const order = new Map(one.backups.map((backup) => [backup, random.next().value as number]))
        const shuffled = [...one.backups].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))

        expect(decideRetention({ ...one, backups: shuffled })).toEqual(decideRetention(one))
      }),
    )
  })

  test('backups of other sites and plans are not its business', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const own = one.backups.filter(({ site, plan }) => site === 'home' && plan === 'shop')

        expect(decideRetention(one)).toEqual(decideRetention({ ...one, backups: own }))
      }),
    )
  })

  test('deciding again about what stayed removes no more', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const gone = new Set(goneOf(one))
        const left = one.backups.filter(({ id }) => !gone.has(id))

        expect(goneOf({ ...one, backups: left })).toEqual([])
      }),
    )
  })
})
