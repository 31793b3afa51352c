import { readdir, rm, rmdir, unlink } from 'node:fs/promises'
import { bytePathOf, bytesOf, type BytePath } from '../../archive/byte-path.js'

/** A path of the system: a folder as text, and below it names as bytes. */
export const at = (folder: string, relative: BytePath): Buffer =>
  bytesOf(relative === '' ? bytePathOf(folder) : `${bytePathOf(folder)}/${relative}`)

export const childOf = (parent: BytePath, name: BytePath): BytePath =>
  parent === '' ? name : `${parent}/${name}`

/** The reverse of `childOf`; empty for what is at the top, and for the top itself. */
export const parentOf = (path: BytePath): BytePath => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** Names in a folder, sorted, with whether each is a folder itself. */
export async function entriesIn(path: Buffer): Promise<readonly { name: BytePath; isFolder: boolean }[]> {
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' as never })
  return entries
    .map((entry) => ({
      name: (entry.name as unknown as Buffer).toString('latin1'),
      isFolder: entry.isDirectory(),
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** Removes what was needed but is not to be put in place, and folders that are empty then. True: nothing is left. */
export async function prune(
  folder: string,
  relative: BytePath,
  isMatched: (relative: BytePath) => boolean,
): Promise<boolean> {
  let isEmpty = true
  for (const { name, isFolder } of await entriesIn(at(folder, relative))) {
    const path = childOf(relative, name)
    if (isFolder) isEmpty = (await prune(folder, path, isMatched)) && isEmpty
    else if (isMatched(path)) isEmpty = false
    else await unlink(at(folder, path))
  }
  if (!isEmpty || isMatched(relative)) return false
  await rmdir(at(folder, relative))
  return true
}

/** Removes folders that hold nothing but folders. */
export async function removeEmptyFolders(path: Buffer): Promise<void> {
  for (const { name, isFolder } of await entriesIn(path)) {
    if (isFolder) await removeEmptyFolders(Buffer.concat([path, Buffer.from('/'), bytesOf(name)]))
  }
  await rmdir(path).catch(() => undefined)
}

export const removeTree = (path: string): Promise<void> => rm(path, { recursive: true, force: true })
