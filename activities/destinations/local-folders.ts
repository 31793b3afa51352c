import { link, lstat, mkdir, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../durable-file.js'
import { hasCode, unlessAbsent } from './local-failure.js'
import { TEMPORARY_MAX_AGE_MS } from './object-tree.js'

/** Each new folder is made durable in the one above it, from the top down. */
export async function makeFolders(root: string, relative: string): Promise<void> {
  let path = root
  for (const segment of relative === '.' ? [] : relative.split('/')) {
    const parent = path
    path = join(path, segment)
    try {
      await mkdir(path, { mode: 0o700 })
      await syncFolder(parent)
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
}

/** From the bottom up, as far as they are empty. */
export async function removeEmptyFolders(root: string, relative: string): Promise<void> {
  for (let folder = relative; folder !== '.'; folder = dirname(folder)) {
    try {
      await rmdir(join(root, folder))
    } catch {
      return
    }
  }
}

/**
 * Gives a file its final name, and fails with EEXIST where that is taken. Where a filesystem has no hard links (some network
 * mounts), the name is looked up first and then renamed to: two writers of one name could then both succeed, but names of
 * backups are random enough that this needs a bug.
 */
export async function linkOrRename(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error
    if (await lstat(to).catch(unlessAbsent)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    await rename(from, to)
  }
}

/** Removes what dead writers have left beside `temporary`. Ages are measured by the store's own clock: that of this file. */
export async function sweep(temporary: string): Promise<void> {
  const folder = dirname(temporary)
  const now = (await stat(temporary)).mtimeMs
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await lstat(path).catch(unlessAbsent)
    if (found && now - found.mtimeMs > TEMPORARY_MAX_AGE_MS) await unlink(path).catch(unlessAbsent)
  }
}
