import type { RestoreState } from '../../core/restore-end.js'
import { placesOf, type Copies } from '../../core/restore-places.js'

const move = { kind: 'path', target: '/srv/a', staged: '/srv/.a.new', safety: '/srv/.a.before' } as const
const items = [{ source: 'a', type: 'files', restoreId: 'b/1', moves: [move] }]
const place = { source: 'a', target: '/srv/a' }
const there = { present: ['/srv/.a.before'] }

test.each<[RestoreState, Copies | undefined, object]>([
  ['staged', undefined, { ...place, holds: 'old', staged: '/srv/.a.new' }],
  ['undone', undefined, { ...place, holds: 'old', staged: '/srv/.a.new' }],
  [
    'swapping',
    there,
    { ...place, holds: 'either', safetyCopy: { at: '/srv/.a.before', isThere: true }, staged: '/srv/.a.new' },
  ],
  ['swapping', { present: [] }, { ...place, holds: 'either', staged: '/srv/.a.new' }],
  [
    'half-undone',
    { present: undefined },
    { ...place, holds: 'either', safetyCopy: { at: '/srv/.a.before' }, staged: '/srv/.a.new' },
  ],
  [
    'swapped',
    { ...there, kept: ['/srv/.a.before'] },
    { ...place, holds: 'new', safetyCopy: { at: '/srv/.a.before', isThere: true } },
  ],
  [
    'swapped',
    { present: [], kept: ['/srv/.a.before'] },
    { ...place, holds: 'new', safetyCopy: { at: '/srv/.a.before', isThere: false } },
  ],
  ['swapped', { present: [], kept: [] }, { ...place, holds: 'new' }],
])('%s, copies %j', (state, copies, expected) => {
  expect(placesOf({ state, items }, copies === undefined ? {} : { a: copies })).toEqual([expected])
})
