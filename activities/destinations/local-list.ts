import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectInfo } from './driver.js'
import { unlessAbsent } from './local-failure.js'
import { MAX_DEPTH, SEGMENT } from './object-names.js'

/** Objects whose names begin with `prefix`, sorted by name; one folder at a time is in memory. */
export const objectsBelow = (root: string, prefix: string, signal: AbortSignal): AsyncGenerator<ObjectInfo> =>
  listFolder({ root, prefix, signal }, prefix.slice(0, prefix.lastIndexOf('/') + 1), 0)

interface Listing {
  readonly root: string
  readonly prefix: string
  readonly signal: AbortSignal
}

/** `folder`: relative, with its slash. */
async function* listFolder(
  listing: Listing,
  folder: string,
  depth: number,
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { root, prefix, signal } = listing
  for (const { name, isFolder } of await entriesOf(join(root, folder))) {
    signal.throwIfAborted()
    const path = folder + name
    if (isFolder) {
      const isWanted = `${path}/`.startsWith(prefix) || prefix.startsWith(`${path}/`)
      if (isWanted && depth < MAX_DEPTH) yield* listFolder(listing, `${path}/`, depth + 1)
    } else if (path.startsWith(prefix)) {
      const found = await lstat(join(root, path)).catch(unlessAbsent)
      if (found?.isFile()) yield infoOf(path, found)
    }
  }
}

/** Sorted so that whole names come out in order: a folder counts with its slash. */
async function entriesOf(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(unlessAbsent)
  const key = (entry: { name: string; isFolder: boolean }) => (entry.isFolder ? `${entry.name}/` : entry.name)
  return (entries ?? [])
    .filter((entry) => SEGMENT.test(entry.name))
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((left, right) => (key(left) < key(right) ? -1 : 1))
}

export const infoOf = (name: string, found: Stats): ObjectInfo => ({
  name,
  bytes: found.size,
  modifiedAt: found.mtime,
})
