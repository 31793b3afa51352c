import { link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Files that survive a power cut whole or not at all: written beside their place, fsynced, moved there by one step of the
 * filesystem, whose folder is fsynced, too. Readable by nobody else.
 */

/** Creates the file; false, and nothing changed, when it exists already. */
export async function createDurably(path: string, text: string): Promise<boolean> {
  const beside = await writeBeside(path, text)
  try {
    // link(2), unlike rename, refuses an existing name; unlike O_EXCL, it never shows a half-written file.
    await link(beside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(beside, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

/** Creates or replaces the file. */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const beside = await writeBeside(path, text)
  try {
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Removes the file, where there is one, for good. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncFolder(dirname(path))
}

/** Begins the names of files that were being written: readers of the folder pass over them. */
export const UNFINISHED = '.writing-'

let written = 0

async function writeBeside(path: string, text: string): Promise<string> {
  // Unique among the living processes of the host; one left by a dead process is overwritten.
  const beside = join(dirname(path), `${UNFINISHED}${process.pid}-${written++}-${basename(path)}`)
  await rm(beside, { force: true })
  const file = await open(beside, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  return beside
}

/** Without it, a name in a folder can be gone after a power cut although the file itself was synced. */
export async function syncFolder(folder: string | Buffer): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network filesystems cannot sync folders, and need not: the server does.
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await handle.close()
  }
}
