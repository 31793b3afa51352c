import fc from 'fast-check'
import type { MarkDoubt } from '../../core/authenticity.js'
import {
  isRemovable,
  kindOfMarkName,
  MARK_FORMAT,
  nextMarkName,
  NO_MARKS,
  stateOfMarks,
  type MarkContent,
  type MarkKind,
  type PlacedMark,
} from '../../core/marks.js'

const at = '2026-03-01T00:00:00.000Z'
const HOUR = 3_600_000
const id = '20260301-013000-shop-7f3a2c'

/** Marks in the order in which they were added, an hour apart by the store's clock. */
const placed = (...contents: (MarkContent | undefined)[]): PlacedMark[] =>
  contents.map((content, hour) => ({
    name: `20260301_${String(hour).padStart(2, '0')}0000_000-${content?.kind ?? 'pinned'}.json`,
    modifiedAt: new Date(new Date(at).getTime() + hour * HOUR).toISOString(),
    ...(content && {
      mark: { format: MARK_FORMAT, backupId: id, site: 'home', host: 'nas', at, ...content },
    }),
  }))

const doubted = (doubt: MarkDoubt, ...contents: MarkContent[]): PlacedMark[] =>
  placed(...contents).map((one) => ({ ...one, doubt }))

const expired: MarkContent = { kind: 'expired', by: 'retention', quarantineMs: 10 * HOUR }
const verified: MarkContent = { kind: 'verified', destination: 'disk', depth: 'readBack' }
const damaged: MarkContent = { kind: 'damaged', destination: 'disk', problem: 'a.tar is missing.' }
const first = '20260301_000000_000-expired.json'

test.each<[string, PlacedMark[], Partial<ReturnType<typeof stateOfMarks>>]>([
  ['nothing', [], {}],
  ['a pin', placed({ kind: 'pinned', because: 'audit' }), { pin: { at, because: 'audit' } }],
  ['an unpin after a pin', placed({ kind: 'pinned' }, { kind: 'unpinned' }), {}],
  [
    'a pin after an unpin',
    placed({ kind: 'pinned' }, { kind: 'unpinned' }, { kind: 'pinned' }),
    { pin: { at } },
  ],
  ['an acceptance', placed({ kind: 'accepted' }), { isAccepted: true }],
  ['a verification', placed(verified), { verification: { outcome: 'verified', at } }],
  [
    'a failed verification after a good one',
    placed(verified, damaged),
    { verification: { outcome: 'damaged', at, problem: 'a.tar is missing.' } },
  ],
  ['a verification of another destination', placed({ ...damaged, destination: 'offsite' }), {}],
  [
    'a deletion',
    placed(expired),
    { deletion: { by: 'retention', until: '2026-03-01T10:00:00.000Z', marks: [first] } },
  ],
  ['a deletion that was cancelled', placed(expired, { kind: 'undeleted', cancels: [first] }), {}],
  [
    'a cancellation of another deletion',
    placed(expired, { kind: 'undeleted', cancels: ['other'] }),
    { deletion: { by: 'retention', until: '2026-03-01T10:00:00.000Z', marks: [first] } },
  ],
  [
    'two deletions: the longer quarantine counts, and a person’s word',
    placed(expired, { kind: 'expired', by: 'person', quarantineMs: HOUR }),
    {
      deletion: {
        by: 'person',
        until: '2026-03-01T10:00:00.000Z',
        marks: [first, '20260301_010000_000-expired.json'],
      },
    },
  ],
  ['a mark that cannot be read', placed(undefined), { hasUnreadable: true }],
  ['a forged mark: nothing, but its name', doubted('forged', expired), { forged: [first] }],
  ['an untold deletion: it stays', doubted('untold', expired), { hasUnreadable: true }],
  ['an untold acceptance', doubted('untold', { kind: 'accepted' }), { hasUnreadable: true }],
  [
    'an untold pin, which only keeps',
    doubted('untold', { kind: 'pinned' }),
    { pin: { at }, hasUnreadable: true },
  ],
  [
    'an untold unpin, which would not',
    [...placed({ kind: 'pinned' }), ...doubted('untold', verified, { kind: 'unpinned' })],
    { pin: { at }, hasUnreadable: true },
  ],
])('%s', (_, marks, state) => {
  expect(stateOfMarks(marks, 'disk')).toEqual({ ...NO_MARKS, ...state })
  expect(stateOfMarks([...marks].reverse(), 'disk')).toEqual({ ...NO_MARKS, ...state })
})

test.each<[string, PlacedMark[], string, boolean]>([
  ['before its quarantine is over', placed(expired), '2026-03-01T09:59:59.999Z', false],
  ['when its quarantine is over', placed(expired), '2026-03-01T10:00:00.000Z', true],
  ['when it is not deleted', placed(), '2030-01-01T00:00:00.000Z', false],
  ['when it is pinned', placed(expired, { kind: 'pinned' }), '2030-01-01T00:00:00.000Z', false],
  ['when a mark of it cannot be read', placed(expired, undefined), '2030-01-01T00:00:00.000Z', false],
  [
    'when it was brought back',
    placed(expired, { kind: 'undeleted', cancels: [first] }),
    '2030-01-01T00:00:00.000Z',
    false,
  ],
])('whether it may be removed %s', (_, marks, storeTime, expected) => {
  expect(isRemovable(stateOfMarks(marks, 'disk'), new Date(storeTime))).toBe(expected)
})

test.each([
  ['20260301_000000_000-pinned.json', 'pinned'],
  ['20260301_000000_000-restarted.json', undefined],
  ['20260301_000000_000-pinned.json.part', undefined],
  ['pinned.json', undefined],
])('the kind of %s is %s', (name, kind) => {
  expect(kindOfMarkName(name)).toBe(kind)
})

test('a new mark comes after all that are there, whatever the clock says', () => {
  const kinds = fc.constantFrom<MarkKind>('pinned', 'unpinned', 'expired')
  const times = fc.date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2090-01-01T00:00:00Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(kinds, times), { maxLength: 20 }), (marked) => {
      const names: string[] = []
      for (const [kind, time] of marked) names.push(nextMarkName(kind, time, names))

      expect(names).toEqual(names.toSorted())
      expect(new Set(names).size).toBe(names.length)
      expect(names.map(kindOfMarkName)).toEqual(marked.map(([kind]) => kind))
    }),
  )
})
