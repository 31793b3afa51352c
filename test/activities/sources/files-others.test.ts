import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { rename as renameFile } from 'node:fs/promises'
import { join } from 'node:path'
import { files } from '../../../activities/sources/files.js'
import { discardTree, swapTree } from '../../../activities/sources/file-tree/swap.js'
import type { StagedMove } from '../../../core/work.js'
import { backUp, makeBench, readerOf, type Bench } from './files-support.js'

// A folder is restored in which another source has its part: a SQLite database, say, that the folder's own archive leaves out.

let bench: Bench
let tree: string
beforeEach(async () => {
  bench = await makeBench()
  tree = join(bench.folder, 'data')
  mkdirSync(tree)
})
afterEach(() => bench.dispose())

const write = (all: Record<string, string>): void => {
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(join(tree, path, '..'), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
}

const content = (folder = tree, prefix = ''): Record<string, string> =>
  Object.assign(
    {},
    ...readdirSync(folder, { withFileTypes: true }).map((entry) =>
      entry.isDirectory()
        ? content(join(folder, entry.name), `${prefix}${entry.name}/`)
        : { [`${prefix}${entry.name}`]: readFileSync(join(folder, entry.name), 'utf8') },
    ),
  ) as Record<string, string>

/** The folder is backed up without what `others` have, then changed, then restored as far as its staging. */
async function staged(others: readonly string[], exclude: readonly string[]): Promise<readonly StagedMove[]> {
  write({
    'notes.db': 'backed up elsewhere',
    'list.txt': 'old list',
    'data/db/app.db': 'elsewhere',
    'data/x': 'old x',
  })
  const { item } = await backUp(bench, files, { type: 'files', paths: [tree], exclude: [...exclude] })
  write({ 'list.txt': 'new list', 'added.txt': 'added', 'data/x': 'new x', 'data/added': 'added' })
  const target = { restoreId: 'b/1', others: others.map((path) => join(tree, path)) }
  return files.stage(item, target, readerOf(bench), bench.context)
}

const EXCLUDED = ['notes.db', 'notes.db-*', 'data/db/**']
const OF_OTHERS = ['notes.db', 'data/db/app.db']

test('what other sources have in the folder stays in its place, at any depth', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)
  write({ 'notes.db': 'in use', 'notes.db-wal': 'its WAL', 'data/db/app.db': 'in use too' })

  await swapTree(moves)

  expect(content()).toEqual({
    'notes.db': 'in use',
    'notes.db-wal': 'its WAL',
    'data/db/app.db': 'in use too',
    'list.txt': 'old list',
    'data/x': 'old x',
  })
})

test('what lies beside a database for its own restore stays, too', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)
  write({ '.holdfast-01234567-notes.db': 'staged', 'notes.db.holdfast-before-01234567': 'its safety copy' })

  await swapTree(moves)

  expect(content()).toMatchObject({
    '.holdfast-01234567-notes.db': 'staged',
    'notes.db.holdfast-before-01234567': 'its safety copy',
  })
})

test('everything else of the folder is replaced, and kept as the safety copy', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)

  await swapTree(moves)

  const safety = content(moves[0]?.safety)
  expect(safety).toMatchObject({
    'list.txt': 'new list',
    'added.txt': 'added',
    'data/x': 'new x',
    'data/added': 'added',
  })
  expect(Object.keys(safety)).not.toContain('notes.db')
})

test('the old state comes back when it is undone, and others keep theirs', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)
  const before = content()
  await swapTree(moves)

  await discardTree(moves)

  expect(content()).toEqual(before)
})

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'killed before rename %i and started again, it ends the same',
  async (number) => {
    const moves = await staged(OF_OTHERS, EXCLUDED)
    let count = 0
    const dying = async (from: Buffer, to: Buffer) => {
      if (count++ === number) throw new Error('killed')
      expect(existsSync(to)).toBe(false)
      await renameFile(from, to)
    }

    await swapTree(moves, dying).catch(() => undefined)
    await swapTree(moves)

    expect(content()).toEqual({
      'notes.db': 'backed up elsewhere',
      'data/db/app.db': 'elsewhere',
      'list.txt': 'old list',
      'data/x': 'old x',
    })
  },
)

test('on a new machine the folder is made for both', async () => {
  write({ 'notes.db': 'x', 'list.txt': 'old list' })
  const { item } = await backUp(bench, files, { type: 'files', paths: [tree], exclude: ['notes.db'] })
  rmSync(tree, { recursive: true })
  const target = { restoreId: 'b/1', others: [join(tree, 'notes.db')] }

  const moves = await files.stage(item, target, readerOf(bench), bench.context)
  write({ '.holdfast-01234567-notes.db': 'staged meanwhile' })
  await swapTree(moves)

  expect(content()).toEqual({ 'list.txt': 'old list', '.holdfast-01234567-notes.db': 'staged meanwhile' })
})

test('what the archive has itself is replaced with the rest', async () => {
  const moves = await staged(['data/x'], ['notes.db', 'data/db/**'])

  await swapTree(moves)

  expect(content()).toMatchObject({ 'data/x': 'old x' })
})

test('without other sources in it, the folder is renamed as a whole', async () => {
  const moves = await staged([], ['notes.db'])

  expect(moves).toEqual([expect.objectContaining({ kind: 'path' })])
})
