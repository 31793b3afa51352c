import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rename as renameFile } from 'node:fs/promises'
import { join } from 'node:path'
import { files } from '../../../activities/sources/files.js'
import { discardTree, swapTree } from '../../../activities/sources/file-tree/swap.js'
import type { StagedMove } from '../../../core/work/restore.js'
import { backUp, readerOf, textsIn, treeForEachTest } from './files-support.js'

// A folder is restored in which another source has its part: a SQLite database, say, that the folder's own archive leaves out.

const place = treeForEachTest()

const OLD = {
  'notes.db': 'backed up elsewhere',
  'list.txt': 'old list',
  'data/db/app.db': 'elsewhere',
  'data/x': 'old x',
}

/** The folder is backed up without what `others` have, then changed, then restored as far as its staging. */
async function staged(others: readonly string[], exclude: readonly string[]): Promise<readonly StagedMove[]> {
  place.write(OLD)
  const { item } = await backUp(place.bench, files, {
    type: 'files',
    paths: [place.tree],
    exclude: [...exclude],
  })
  place.write({ 'list.txt': 'new list', 'added.txt': 'added', 'data/x': 'new x', 'data/added': 'added' })
  const target = { restoreId: 'b/1', others: others.map((path) => join(place.tree, path)) }
  return files.stage(item, target, readerOf(place.bench), place.bench.context)
}

const EXCLUDED = ['notes.db', 'notes.db-*', 'data/db/**']
const OF_OTHERS = ['notes.db', 'data/db/app.db']

test('what other sources have in the folder stays in its place, at any depth', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)
  place.write({ 'notes.db': 'in use', 'notes.db-wal': 'its WAL', 'data/db/app.db': 'in use too' })

  await swapTree(moves)

  expect(place.content()).toEqual({
    ...OLD,
    'notes.db': 'in use',
    'notes.db-wal': 'its WAL',
    'data/db/app.db': 'in use too',
  })
})

test('what lies beside a database for its own restore stays, too', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)
  place.write({
    '.holdfast-01234567-notes.db': 'staged',
    'notes.db.holdfast-before-01234567': 'its safety copy',
  })

  await swapTree(moves)

  expect(place.content()).toMatchObject({
    '.holdfast-01234567-notes.db': 'staged',
    'notes.db.holdfast-before-01234567': 'its safety copy',
  })
})

test('a destination in the folder stays where it is with all its backups, also when the restore is undone', async () => {
  place.write({
    'list.txt': 'old list',
    'backups/holdfast.json': 'the destination',
    'backups/one': 'a backup',
  })
  const context = { ...place.bench.context, neverRead: [join(place.tree, 'backups')] }
  const { item } = await backUp({ ...place.bench, context }, files, { type: 'files', paths: [place.tree] })
  place.write({ 'list.txt': 'new list' })
  const backups = { 'backups/holdfast.json': 'the destination', 'backups/one': 'a backup' }

  const moves = await files.stage(item, { restoreId: 'b/1' }, readerOf(place.bench), context)
  await swapTree(moves)
  const restored = place.content()
  place.write({ 'backups/two': 'a later backup' })
  await discardTree(moves)

  expect(restored).toEqual({ 'list.txt': 'old list', ...backups })
  expect(place.content()).toEqual({ 'list.txt': 'new list', ...backups, 'backups/two': 'a later backup' })
})

test('everything else of the folder is replaced, and kept as the safety copy', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)

  await swapTree(moves)

  const safety = textsIn(moves[0]?.safety as string)
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
  const before = place.content()
  await swapTree(moves)

  await discardTree(moves)

  expect(place.content()).toEqual(before)
})

test('what came to the folder since goes when it is undone, and what others have stays', async () => {
  const moves = await staged(OF_OTHERS, EXCLUDED)
  const before = place.content()
  await swapTree(moves)
  const ofOthers = {
    'notes.db-wal': 'of a database',
    'data/db/app.db-wal': 'of another',
    'data.holdfast-before-c-1/x': 'the safety copy of another restore',
  }
  place.write(ofOthers)
  place.write({ new: 'new', 'data/new': 'new', 'data/db/new': 'new', 'added.txt': 'again' })

  await discardTree(moves)

  expect(place.content()).toEqual({ ...before, ...ofOthers })
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

    expect(place.content()).toEqual(OLD)
  },
)

test('on a new machine the folder is made for both', async () => {
  place.write({ 'notes.db': 'x', 'list.txt': 'old list' })
  const { item } = await backUp(place.bench, files, {
    type: 'files',
    paths: [place.tree],
    exclude: ['notes.db'],
  })
  rmSync(place.tree, { recursive: true })
  const target = { restoreId: 'b/1', others: [join(place.tree, 'notes.db')] }

  const moves = await files.stage(item, target, readerOf(place.bench), place.bench.context)
  place.write({ '.holdfast-01234567-notes.db': 'staged meanwhile' })
  await swapTree(moves)

  expect(place.content()).toEqual({
    'list.txt': 'old list',
    '.holdfast-01234567-notes.db': 'staged meanwhile',
  })
})

test('what other sources have stays also where the archive has it, with all that lies beside it', async () => {
  const moves = await staged(['data/x'], ['notes.db', 'data/db/**'])
  place.write({ 'data/x-wal': 'its WAL' })

  await swapTree(moves)

  expect(place.content()).toMatchObject({ 'data/x': 'new x', 'data/x-wal': 'its WAL' })
})

test('what the archive has comes where the other source has nothing', async () => {
  const moves = await staged(['data/x'], ['notes.db', 'data/db/**'])
  rmSync(join(place.tree, 'data/x'))

  await swapTree(moves)

  expect(place.content()).toMatchObject({ 'data/x': 'old x' })
})

test.each([
  ['the other source names its file', 'data', 'link/data/notes.db'],
  ['the folder is named', 'link/data', 'data/notes.db'],
])('what other sources have stays where %s through a link', async (_, folder, other) => {
  symlinkSync('.', join(place.bench.folder, 'link'))
  place.write({ 'notes.db': 'in use', 'list.txt': 'old list' })
  const { item } = await backUp(place.bench, files, {
    type: 'files',
    paths: [join(place.bench.folder, folder)],
    exclude: ['notes.db'],
  })
  const target = { restoreId: 'b/1', others: [join(place.bench.folder, other)] }

  await swapTree(await files.stage(item, target, readerOf(place.bench), place.bench.context))

  expect(place.content()).toEqual({ 'notes.db': 'in use', 'list.txt': 'old list' })
})

test('what other sources have stays when it is a link to elsewhere', async () => {
  writeFileSync(join(place.bench.folder, 'elsewhere.db'), 'in use')
  place.write({ 'list.txt': 'old list' })
  symlinkSync('../elsewhere.db', join(place.tree, 'notes.db'))
  const { item } = await backUp(place.bench, files, {
    type: 'files',
    paths: [place.tree],
    exclude: ['notes.db'],
  })
  const target = { restoreId: 'b/1', others: [join(place.tree, 'notes.db')] }

  await swapTree(await files.stage(item, target, readerOf(place.bench), place.bench.context))

  expect(place.content()).toEqual({ 'notes.db': 'in use', 'list.txt': 'old list' })
})

test('without other sources in it, the folder is renamed as a whole', async () => {
  const moves = await staged([], ['notes.db'])

  expect(moves).toEqual([expect.objectContaining({ kind: 'path' })])
})
