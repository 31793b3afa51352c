import { stripVTControlCharacters } from 'node:util'
import { renderRestore } from '../../../cli/output/restore.js'
import type { RestoreDetailsView } from '../../../operations/restore-ends.js'

const ID = '20261120-013000-shop-7f3a2c/1'
const details = (changes: Partial<RestoreDetailsView>): RestoreDetailsView => ({
  restoreId: ID,
  backupId: '20261120-013000-shop-7f3a2c',
  destination: 'disk',
  host: 'nas',
  startedAt: '2026-11-20T08:00:00.000Z',
  state: 'swapped',
  scope: { plan: 'shop', sources: [{ source: 'uploads', type: 'files' }] },
  request: { reference: { backupId: '20261120-013000-shop-7f3a2c' } },
  down: [],
  items: [],
  places: [],
  problems: [],
  ...changes,
})
const render = (changes: Partial<RestoreDetailsView>) =>
  stripVTControlCharacters(renderRestore(details(changes), 'UTC'))
const copy = (isThere: boolean) => ({
  source: 'uploads',
  target: '/srv/uploads',
  holds: 'new' as const,
  safetyCopy: { at: '/srv/.uploads.before', isThere },
})

test('a complete one says where the old data is, and how to go back to it', () => {
  const text = render({ places: [copy(true)], request: { ...details({}).request, sources: ['uploads'] } })

  expect(text).toContain('only uploads')
  expect(text).toMatch(/uploads +\/srv\/uploads +the restored data +\/srv\/\.uploads\.before/)
  expect(text).toContain(`To bring the old data back: holdfast restore undo ${ID}`)
})

test.each<[string, Partial<RestoreDetailsView>, string, string?]>([
  [
    'at work',
    { state: 'swapping', runningAs: `restore/${ID}` },
    `holdfast run watch restore/${ID}`,
    'restore undo',
  ],
  ['not begun to replace', { state: 'staged' }, `To go on: holdfast restore resume ${ID}`],
  ['interrupted', { state: 'swapping' }, `To finish it: holdfast restore resume ${ID}`],
  [
    'interrupted, with a service down',
    { state: 'swapping', down: ['docker:web'] },
    'and starts what is down',
  ],
  ['undone in part', { state: 'half-undone' }, `holdfast restore undo ${ID}`, 'restore resume'],
  ['undone', { state: 'undone' }, 'Nothing is left to do.', 'restore undo'],
  [
    'complete, with a service down',
    { down: ['docker:web'] },
    `To start what is down: holdfast restore resume ${ID}`,
  ],
  ['complete, its old data gone', { places: [copy(false)] }, 'It cannot be undone', 'restore undo'],
])('%s: says what to do next', (_, changes, says, never = 'no such text') => {
  const text = render(changes)

  expect(text).toContain(says)
  expect(text).not.toContain(never)
})
