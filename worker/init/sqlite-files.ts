import { open, opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'

/** A data folder of an application is found within these; a whole disk is not searched by mistake. */
const MOST_ENTRIES = 100_000
const MOST_DEPTH = 12
const MOST_FILES = 1000

const NAMES = /\.(db|db3|sqlite|sqlite3|s3db)$/i
/** https://www.sqlite.org/fileformat.html */
const HEADER = Buffer.from('SQLite format 3\0', 'latin1')

export interface FoundFiles {
  readonly paths: readonly string[]
  /** Whether there was more than is looked at. */
  readonly isUnfinished: boolean
}

/** SQLite databases below a folder, by their names and their first bytes, sorted. Links are not followed; other file systems are. */
export async function findSqliteFiles(folder: string): Promise<FoundFiles> {
  const paths: string[] = []
  const folders = [{ path: await realpath(folder), depth: 0 }]
  let entries = 0
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const listing = await opendir(next.path).catch(() => undefined)
    if (listing === undefined) continue
    for await (const entry of listing) {
      if (++entries > MOST_ENTRIES || paths.length >= MOST_FILES)
        return { paths: paths.toSorted(), isUnfinished: true }
      const path = join(next.path, entry.name)
      if (entry.isDirectory() && next.depth < MOST_DEPTH) folders.push({ path, depth: next.depth + 1 })
      if (entry.isFile() && NAMES.test(entry.name) && (await isSqlite(path))) paths.push(path)
    }
  }
  return { paths: paths.toSorted(), isUnfinished: false }
}

async function isSqlite(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER.length), 0, HEADER.length, 0)
    return bytesRead === HEADER.length && buffer.equals(HEADER)
  } finally {
    await file.close()
  }
}
