import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { rename as renameFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../../../activities/durable-file.js'
import { files } from '../../../activities/sources/files.js'
import type { Rename } from '../../../activities/sources/file-tree/renames.js'
import { discardTree, swapTree } from '../../../activities/sources/file-tree/swap.js'
import { volume } from '../../../activities/sources/volume.js'
import type { StagedMove } from '../../../core/work/restore.js'
import { backUp, readerOf, treeForEachTest, type Bench } from './files-support.js'

/** More renames than any of these swaps needs. */
const MANY = 30
const isRoot = process.getuid?.() === 0

const place = treeForEachTest()

/** Our own folders apart. */
const content = () =>
  Object.fromEntries(Object.entries(place.content()).filter(([path]) => !/(^|\/)\.holdfast-/.test(path)))

/** Dies before the rename with this number. */
function dyingAt(number: number): { rename: Rename; hasDied: () => boolean } {
  let count = 0
  let hasDied = false
  return {
    hasDied: () => hasDied,
    rename: async (from, to) => {
      if (count++ === number) {
        hasDied = true
        throw new Error('killed')
      }
      expect(existsSync(to)).toBe(false)
      await renameFile(from, to)
    },
  }
}

const BACKED_UP = { a: 'old a', 'sub/b': 'old b', 'sub/c': 'old c', 'only-old/d': 'old d' }
const IN_PLACE = { a: 'new a', 'sub/b': 'new b', 'sub/added': 'added', added: 'added' }

const kinds: [
  string,
  { mount?: boolean; include?: string[]; driver: 'files' | 'volume'; after: Record<string, string> },
][] = [
  ['a path', { driver: 'files', after: BACKED_UP }],
  ['a volume', { driver: 'volume', after: BACKED_UP }],
  ...(isRoot
    ? ([['a mount point', { driver: 'files', mount: true, after: BACKED_UP }]] as [string, never][])
    : []),
  [
    'some files only',
    {
      driver: 'files',
      include: ['a', 'b', 'only-old'],
      after: { ...IN_PLACE, a: 'old a', 'sub/b': 'old b', 'only-old/d': 'old d' },
    },
  ],
]

describe.each(kinds)('swapping %s', (_, { mount, include, driver, after }) => {
  let bench: Bench
  let moves: readonly StagedMove[]
  beforeEach(async () => {
    if (mount) execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place.tree])
    place.write(BACKED_UP)
    bench = { ...place.bench, context: { ...place.bench.context, volumePath: async () => place.tree } }
    const { item } =
      driver === 'files'
        ? await backUp(bench, files, { type: 'files', paths: [place.tree] })
        : await backUp(bench, volume, { type: 'volume', volume: 'uploads' })
    for (const name of Object.keys(BACKED_UP)) rmSync(join(place.tree, name))
    rmSync(join(place.tree, 'only-old'), { recursive: true })
    place.write(IN_PLACE)
    const target = { restoreId: 'b/1', ...(include && { include }) }
    moves = await (driver === 'files' ? files : volume).stage(item, target, readerOf(bench), bench.context)
  })
  afterEach(() => {
    if (mount) execFileSync('umount', ['-l', place.tree])
  })

  it('brings the old data in, and keeps the new as a safety copy', async () => {
    const { safetyCopies } = await swapTree(moves)

    expect(content()).toEqual(after)
    expect(safetyCopies).toHaveLength(1)
    expect(readFileSync(join(moves[0]?.safety as string, 'a'), 'utf8')).toBe('new a')
    expect(existsSync(moves[0]?.staged as string)).toBe(false)
  })

  it('goes on where it was killed, whichever rename that was', async () => {
    for (let number = 0; number < MANY; number++) {
      await keep()
      const { rename, hasDied } = dyingAt(number)
      await swapTree(moves, rename).catch((error: Error) => expect(error.message).toBe('killed'))
      const { safetyCopies } = await swapTree(moves)

      expect(content()).toEqual(after)
      expect(safetyCopies).toHaveLength(1)
      if (!hasDied()) return
      await discardTree(moves)
      bringBack()
    }
    throw new Error('There are more renames than expected.')
  })

  it('is undone from wherever it was killed', async () => {
    for (let number = 0; number < MANY; number++) {
      await keep()
      const { rename, hasDied } = dyingAt(number)
      await swapTree(moves, rename).catch((error: Error) => expect(error.message).toBe('killed'))
      await discardTree(moves)
      await discardTree(moves)

      expect(content()).toEqual(IN_PLACE)
      expect(existsSync(moves[0]?.safety as string)).toBe(false)
      expect(leftovers()).toEqual([])
      if (!hasDied()) return
      bringBack()
    }
    throw new Error('There are more renames than expected.')
  })

  it('is undone when it is complete, also when the undoing is killed', async () => {
    await swapTree(moves)

    for (let number = 0, isDone = false; !isDone; number++) {
      const { rename, hasDied } = dyingAt(number)
      await discardTree(moves, rename).catch((error: Error) => expect(error.message).toBe('killed'))
      isDone = !hasDied()
    }

    expect(content()).toEqual(IN_PLACE)
    expect(leftovers()).toEqual([])
  })

  if (!include) {
    it('is undone with what was written to it since, also when the undoing is killed', async () => {
      await swapTree(moves)
      // In place before and not in the backup; in neither; and in the backup only.
      place.write({ added: 'added again', 'brand-new': 'new', 'brand-new-folder/x': 'new' })
      rmSync(join(place.tree, 'only-old'), { recursive: true })

      for (let number = 0, isDone = false; !isDone; number++) {
        const { rename, hasDied } = dyingAt(number)
        await discardTree(moves, rename).catch((error: Error) => expect(error.message).toBe('killed'))
        isDone = !hasDied()
      }

      expect(content()).toEqual(IN_PLACE)
      expect(leftovers()).toEqual([])
    })
  }

  if (driver === 'volume' || mount) {
    it('is undone from half-way without touching what came meanwhile', async () => {
      const { rename } = dyingAt(1)
      await expect(swapTree(moves, rename)).rejects.toThrow('killed')
      place.write({ meanwhile: 'new' })

      await discardTree(moves)

      expect(content()).toEqual({ ...IN_PLACE, meanwhile: 'new' })
    })
  }

  it('runs twice', async () => {
    await swapTree(moves)
    const again = await swapTree(moves)

    expect(content()).toEqual(after)
    expect(again.safetyCopies).toHaveLength(1)
  })

  it('has every rename on disk before it removes what was staged, there and back', async () => {
    for (const work of [swapTree, discardTree]) {
      const { rename, sync, notSynced } = watched()
      await work(moves, rename, sync)
      expect(notSynced()).toEqual([])
    }
  })

  /** Folders that got new names, without those that were synced afterwards, with the staging place still there. */
  function watched() {
    const changed = new Set<string>()
    return {
      rename: async (from: Buffer, to: Buffer) => {
        await renameFile(from, to)
        changed.add(dirname(to.toString()))
      },
      sync: async (folder: string | Buffer) => {
        await syncFolder(folder)
        if (existsSync(staging())) changed.delete(folder.toString())
      },
      notSynced: () => [...changed].filter((folder) => !folder.startsWith(staging())),
    }
  }

  const staging = () => (moves[0]?.staged as string).replace(/\/content.*/, '')
  const kept = () => join(place.bench.folder, 'kept')

  /** What is staged is gone after an undoing; another try needs it again. */
  async function keep(): Promise<void> {
    execFileSync('rm', ['-rf', kept()])
    execFileSync('cp', ['-a', staging(), kept()])
  }

  /** A copy is another inode: the move has to know it. */
  function bringBack(): void {
    execFileSync('cp', ['-a', kept(), staging()])
    moves = moves.map((move) => ({
      ...move,
      identity: execFileSync('stat', ['-c', '%d:%i', move.staged], { encoding: 'utf8' }).trim(),
    }))
  }

  const leftovers = () =>
    [...readdirSync(place.tree), ...readdirSync(place.bench.folder)].filter((name) =>
      name.includes('holdfast-'),
    )
})

it('does not take for ours what somebody else has put in place', async () => {
  place.write({ a: 'old' })
  const { item } = await backUp(place.bench, files, { type: 'files', paths: [place.tree] })
  const moves = await files.stage(item, { restoreId: 'b/1' }, readerOf(place.bench), place.bench.context)
  await swapTree(moves)
  rmSync(place.tree, { recursive: true })
  mkdirSync(place.tree)

  await expect(discardTree(moves)).rejects.toMatchObject({
    code: 'restore.conflict',
    hint: expect.stringContaining('holdfast-before-b-1') as string,
  })
  expect(existsSync(`${place.tree}.holdfast-before-b-1/a`)).toBe(true)
})

it('refuses to swap in what is not there any more', async () => {
  place.write({ a: 'old' })
  const { item } = await backUp(place.bench, files, { type: 'files', paths: [place.tree] })
  const moves = await files.stage(item, { restoreId: 'b/1' }, readerOf(place.bench), place.bench.context)
  rmSync(moves[0]?.staged as string, { recursive: true })

  await expect(swapTree(moves)).rejects.toMatchObject({ code: 'restore.conflict' })
  expect(content()).toEqual({ a: 'old' })
})
