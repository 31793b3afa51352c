import {
  countsInWords,
  differenceOf,
  hasFailed,
  outcomeOfRehearsal,
  type Counts,
  type RehearsedItem,
} from '../../core/rehearsal.js'

test.each<[string, Counts, Counts, string | undefined]>([
  ['the same is no difference', { files: 2, folders: 1 }, { folders: 1, files: 2 }, undefined],
  ['none of a kind is the same as not counted', { files: 2, views: 0 }, { files: 2 }, undefined],
  ['less', { files: 2, tables: 3 }, { files: 2, tables: 2 }, 'Restored were 2 instead of 3 tables.'],
  ['nothing at all', { files: 2 }, {}, 'Restored were 0 instead of 2 files.'],
  ['more', { files: 2 }, { files: 2, symlinks: 1 }, 'Restored were 1 instead of 0 symlinks.'],
])('%s', (_, recorded, restored, difference) => {
  expect(differenceOf(recorded, restored)).toBe(difference)
})

const items = (...outcomes: RehearsedItem['outcome'][]) => ({
  items: outcomes.map((outcome) => ({ source: 'data', type: 'files', outcome, counts: {} })),
})

test.each([
  [items('restored', 'restored'), 'good', false],
  [items('restored', 'not-done'), 'not-good', false],
  [items('restored', 'failed'), 'not-good', true],
])('every item counts', (report, outcome, failed) => {
  expect(outcomeOfRehearsal(report)).toBe(outcome)
  expect(hasFailed(report)).toBe(failed)
})

test('counts have words', () => {
  expect(countsInWords({ databases: 1, tables: 12 })).toBe('1 database, 12 tables')
})
