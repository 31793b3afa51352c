import type { ObjectInfo } from './driver.js'
import { MAX_DEPTH, SEGMENT } from './object-names.js'

/** Never listed: what is being written. */
export const TEMPORARY_FOLDER = '.holdfast-tmp'
/** A writer touches its file all the time; one that has not for a day is dead. */
export const TEMPORARY_MAX_AGE_MS = 24 * 3_600_000

/** What lies in a folder. */
export interface TreeEntry {
  readonly name: string
  readonly isFolder: boolean
  /** Undefined for what is no file, or gone meanwhile. `objectName`: of this entry. */
  info(objectName: string): Promise<ObjectInfo | undefined>
}

/** Of a folder, relative and with its slash; empty is the root. None where there is no such folder. */
export type ReadFolder = (folder: string) => Promise<readonly TreeEntry[]>

/** Objects in a tree of folders whose names begin with `prefix`, sorted by name; one folder at a time is in memory. */
export const objectsBelow = (
  readFolder: ReadFolder,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectInfo> =>
  listFolder({ readFolder, prefix, signal }, prefix.slice(0, prefix.lastIndexOf('/') + 1), 0)

interface Listing {
  readonly readFolder: ReadFolder
  readonly prefix: string
  readonly signal: AbortSignal
}

async function* listFolder(
  listing: Listing,
  folder: string,
  depth: number,
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { prefix, signal } = listing
  for (const entry of sorted(await listing.readFolder(folder))) {
    signal.throwIfAborted()
    const path = folder + entry.name
    if (entry.isFolder) {
      const isWanted = `${path}/`.startsWith(prefix) || prefix.startsWith(`${path}/`)
      if (isWanted && depth < MAX_DEPTH) yield* listFolder(listing, `${path}/`, depth + 1)
    } else if (path.startsWith(prefix)) {
      const found = await entry.info(path)
      if (found) yield found
    }
  }
}

/** So that whole names come out in order: a folder counts with its slash. */
function sorted(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  const key = ({ name, isFolder }: TreeEntry) => (isFolder ? `${name}/` : name)
  return entries
    .filter(({ name }) => SEGMENT.test(name))
    .sort((left, right) => (key(left) < key(right) ? -1 : 1))
}
