import {
  dataOf,
  hasEnded,
  laterRestore,
  missingSources,
  releaseOf,
  resumeStep,
  undoStep,
  type RestoreState,
} from '../../core/restore-end.js'
import type { StagedItem, StagedMove } from '../../core/work/restore.js'

const restoreId = '20261120-013000-shop-7f3a2c/1'
const WEB = ['docker:web']

const outcomeOf = (step: () => string): string => {
  try {
    return step()
  } catch (error) {
    return (error as { code: string }).code
  }
}

test.each<[RestoreState, string, string, string, string]>([
  // state, resume and undo with a service down, resume and undo with none
  ['staged', 'swap', 'undo', 'swap', 'discard'],
  ['swapping', 'swap', 'undo', 'swap', 'undo'],
  ['swapped', 'start', 'undo', 'restore.ended', 'undo'],
  ['undoing', 'restore.conflict', 'undo', 'restore.conflict', 'undo'],
  ['half-undone', 'restore.conflict', 'undo', 'restore.conflict', 'undo'],
  ['undone', 'restore.conflict', 'start', 'restore.ended', 'restore.ended'],
])('what is left of a restore that is %s', (state, resumeDown, undoDown, resumeUp, undoUp) => {
  const down = { restoreId, state, down: WEB }
  const up = { restoreId, state, down: [] }

  expect([down, up].map((one) => outcomeOf(() => resumeStep(one)))).toEqual([resumeDown, resumeUp])
  expect([down, up].map((one) => outcomeOf(() => undoStep(one)))).toEqual([undoDown, undoUp])
})

test.each<[RestoreState, 'undone' | 'restored' | undefined]>([
  ['staged', 'undone'],
  ['swapping', undefined],
  ['swapped', 'restored'],
  ['undoing', undefined],
  ['half-undone', undefined],
  ['undone', 'undone'],
])('services start on whole data only: %s', (state, release) => {
  expect(releaseOf(dataOf(state))).toBe(release)
})

test.each<[RestoreState, readonly string[], boolean]>([
  ['swapped', [], true],
  ['undone', [], true],
  ['swapped', WEB, false],
  ['undone', WEB, false],
  ['staged', [], false],
  ['half-undone', [], false],
])('a restore that is %s with %j down has ended: %s', (state, down, isOver) => {
  expect(hasEnded({ state, down })).toBe(isOver)
})

test('what was not laid beside its place yet is staged by a resume', () => {
  const sources = ['one', 'two'].map((source) => ({ source, type: 'files' }))
  const items = [{ source: 'one', type: 'files', restoreId, moves: [] }]

  expect(missingSources({ scope: { plan: 'shop', sources }, items })).toEqual([sources[1]])
})

describe('the restore that has to be undone first', () => {
  const move = (target: string, changes: Partial<StagedMove> = {}): StagedMove => ({
    ...{ kind: 'path', target, staged: `${target}.new`, safety: `${target}.old` },
    ...changes,
  })
  const restore = (
    id: string,
    moves: readonly StagedMove[],
    {
      state = 'swapped',
      swappedAt = '2026-11-20T02:00:00Z',
    }: { state?: RestoreState; swappedAt?: string } = {},
  ) => {
    const items: StagedItem[] = [{ source: 'data', type: 'files', restoreId: id, moves }]
    return { restoreId: id, state, items, ...(swappedAt === '' ? {} : { swappedAt }) }
  }
  const database = (target: string, port: number) =>
    move(target, {
      kind: 'database',
      source: {
        name: 'db',
        source: { type: 'postgres', database: target, connection: { host: 'db', port } },
      },
    })
  const later = { swappedAt: '2026-11-20T03:00:00Z' }
  const first = restore('first', [move('/srv/data'), database('orders', 5432)])

  test.each([
    ['the same folder', restore('second', [move('/srv/data')], later), true],
    ['a folder inside it', restore('second', [move('/srv/data/sub')], later), true],
    ['the folder around it', restore('second', [move('/srv')], later), true],
    ['the same database', restore('second', [database('orders', 5432)], later), true],
    [
      'that is in the middle of it',
      restore('second', [move('/srv/data')], { state: 'swapping', swappedAt: '' }),
      true,
    ],
    ['a folder with a longer name', restore('second', [move('/srv/database')], later), false],
    ['the same name on another server', restore('second', [database('orders', 5433)], later), false],
    ['before it', restore('second', [move('/srv/data')], { swappedAt: '2026-11-20T01:00:00Z' }), false],
    ['and was undone', restore('second', [move('/srv/data')], { ...later, state: 'undone' }), false],
    ['later, but not yet', restore('second', [move('/srv/data')], { state: 'staged', swappedAt: '' }), false],
  ])('one that replaced %s', (_, second, isInTheWay) => {
    expect(laterRestore(first, [first, second])).toBe(isInTheWay ? second : undefined)
  })
})
