import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { longestTurnMs } from '../pipeline/longest-turn.js'
import { walk, type Walk } from '../../../activities/archive/walk.js'

const FILES = 20_000

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-walk-'))))
afterEach(() => rmSync(folder, { recursive: true }))

async function walked(changes: Partial<Walk> = {}): Promise<string[]> {
  const names: string[] = []
  const list = walk({
    base: folder,
    roots: ['.'],
    isExcluded: () => false,
    neverRead: new Set(),
    onUnreadable: () => undefined,
    rootFailure: (_, error) => error,
    onSocket: () => undefined,
    milliseconds: () => performance.now(),
    ...changes,
  })
  for await (const batch of list) names.push(...batch.toString('latin1').split('\0').slice(0, -1))
  return names
}

it('lists a folder before what is in it, and all of it before its neighbours', async () => {
  for (const path of ['a/b/c', 'a/d', 'e/f', 'g']) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), '')
  }

  const names = await walked()

  expect([...names].sort()).toEqual(['.', 'a', 'a/b', 'a/b/c', 'a/d', 'e', 'e/f', 'g'])
  for (const parent of ['a', 'a/b', 'e']) {
    const at = names.indexOf(parent)
    const below = names.filter((name) => name.startsWith(`${parent}/`))
    expect(names.slice(at + 1, at + 1 + below.length).sort()).toEqual(below.sort())
  }
})

it('keeps the event loop free in a large folder', async () => {
  for (let number = 0; number < FILES; number++) writeFileSync(join(folder, `file-${number}`), '')

  let names: string[] = []
  const longest = await longestTurnMs(async () => (names = await walked()))

  expect(names).toHaveLength(FILES + 1)
  expect(longest).toBeLessThan(50)
})
