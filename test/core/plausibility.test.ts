import fc from 'fast-check'
import { summaryOf, withMarks, type BackupSummary } from '../../core/backup.js'
import { NO_MARKS } from '../../core/marks.js'
import { implausibilities } from '../../core/plausibility.js'
import { item, manifest, plainObject } from '../fakes/backups.js'

const limits = { size: 0.5, count: 0.5 }
const object = plainObject('a.tar', '')
const itemOf = (size: number, count = 10) =>
  item({ objects: [{ ...object, plainBytes: size }], counts: { files: count } })
const source = (size: number, count = 10) => ({
  name: 'uploads',
  type: 'files' as const,
  plainBytes: size,
  count,
})

type Kind = 'good' | 'not-good' | 'suspect' | 'accepted' | 'deleted'
const day = (index: number) => new Date(Date.UTC(2026, 0, index + 1)).toISOString()
const backup = (size: number, index: number, kind: Kind = 'good', count = 10): BackupSummary => {
  const data = kind === 'suspect' || kind === 'accepted' ? 'suspect' : 'complete'
  const summary = summaryOf(
    manifest({
      ...{ at: day(index), items: [itemOf(size, count)], verdicts: { data, services: 'ok' } },
      ...(kind === 'not-good' ? { subsetOf: ['uploads'] } : {}),
    }),
    'disk',
  )
  return withMarks(summary, {
    ...NO_MARKS,
    isAccepted: kind === 'accepted',
    ...(kind === 'deleted' ? { deletion: { by: 'person', until: day(0), marks: [] } } : {}),
  })
}

test.each<[string, BackupSummary[], ReturnType<typeof source>, number]>([
  ['nothing to compare with', [], source(0), 0],
  ['half of the only one', [backup(100, 1)], source(50), 0],
  ['less than half of the only one', [backup(100, 1)], source(49), 1],
  ['nothing at all', [backup(100, 1)], source(0, 0), 2],
  ['fewer than half of what was counted', [backup(100, 1)], source(100, 4), 1],
  ['the median, not the mean', [100, 100, 100, 9000, 9000].map((size, i) => backup(size, i)), source(60), 0],
  [
    'only the last five',
    [9000, 9000, 9000, 100, 100, 100, 100, 100].map((size, i) => backup(size, i)),
    source(60),
    0,
  ],
  [
    'only good ones',
    [backup(100, 1), backup(9000, 2, 'not-good'), backup(9000, 3, 'suspect')],
    source(60),
    0,
  ],
  ['no deleted ones', [backup(100, 1), backup(9000, 2, 'deleted')], source(60), 0],
  [
    'what was accepted is the new measure',
    [backup(9000, 1), backup(9000, 2), backup(100, 3, 'accepted')],
    source(60),
    0,
  ],
  [
    'what came after the accepted one counts',
    [backup(9000, 1), backup(100, 2, 'accepted'), backup(300, 3)],
    source(60),
    1,
  ],
  ['a source that is new', [backup(9000, 1)], { ...source(1), name: 'orders' }, 0],
])('%s', (_, before, now, found) => {
  expect(implausibilities([now], before, limits)).toHaveLength(found)
})

test('it says what there is, and what was usual', () => {
  expect(implausibilities([source(2048, 3)], [backup(10_240, 1), backup(8192, 2)], limits)).toEqual([
    'uploads: 2 KiB, less than 50% of 9 KiB, the median of the last 2 good ones.',
    'uploads: 3 counted, less than 50% of 10, the median of the last 2 good ones.',
  ])
})

test('the order of what was before does not matter, and what is as large as all before is plausible', () => {
  const sizes = fc.array(fc.nat(1000), { maxLength: 8 })
  fc.assert(
    fc.property(sizes, fc.nat(2000), (before, size) => {
      const all = before.map((one, index) => backup(one, index))
      const found = implausibilities([source(size)], all, limits)

      expect(implausibilities([source(size)], [...all].reverse(), limits)).toEqual(found)
      if (size >= Math.max(0, ...before)) expect(found).toEqual([])
    }),
  )
})
