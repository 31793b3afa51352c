import { posix } from 'node:path'
import { TEMPORARY_MAX_AGE_MS, type ReadFolder } from '../object-tree.js'
import type { ObjectInfo } from '../driver.js'
import { SftpFailure, isAbsence, unlessAbsent } from './failure.js'
import type { SftpSession } from './session.js'
import { syncWhereOffered } from './write.js'

/** Makes each folder of `relative` below `root` that is not there yet. */
export async function makeFolders(
  session: SftpSession,
  { root, relative }: { root: string; relative: string },
  signal: AbortSignal,
): Promise<void> {
  let path = root
  for (const segment of relative === '.' ? [] : relative.split('/')) {
    path = posix.join(path, segment)
    try {
      await session.makeFolder(path, signal)
    } catch (error) {
      // "Exists already" has no word of its own.
      if (isAbsence(error) || !(await exists(session, path, signal))) throw error
    }
  }
}

/** From the bottom up, as far as they are empty. */
export async function removeEmptyFolders(
  session: SftpSession,
  { root, relative }: { root: string; relative: string },
  signal: AbortSignal,
): Promise<void> {
  for (let folder = relative; folder !== '.'; folder = posix.dirname(folder)) {
    try {
      await session.removeFolder(posix.join(root, folder), signal)
    } catch (error) {
      if (error instanceof SftpFailure) return
      throw error
    }
  }
}

/**
 * Gives a finished file its final name, without ever replacing one; says when the name is taken. With `hardlink@openssh.com`
 * the filesystem of the server decides: exactly one of many writers wins. Without it (or without hard links there) the name
 * is looked up first, then given by the rename of the protocol, which must refuse a taken name; on servers whose rename
 * replaces all the same, two writers within one round trip could both succeed, but names of backups are random enough
 * that this needs a bug. Either way a crash leaves all of the file or nothing under the name.
 */
export async function publish(
  session: SftpSession,
  { from, to }: { from: string; to: string },
  signal: AbortSignal,
): Promise<'published' | 'taken'> {
  for (const give of ['link', 'rename'] as const) {
    try {
      if (give === 'rename' && (await exists(session, to, signal))) return 'taken'
      await session[give](from, to, signal)
      return 'published'
    } catch (error) {
      if (isAbsence(error) || !(error instanceof SftpFailure)) throw error
      if (await exists(session, to, signal)) return 'taken'
      if (give === 'rename') throw error
    }
  }
  return 'taken'
}

const exists = async (session: SftpSession, path: string, signal: AbortSignal): Promise<boolean> =>
  (await unlessAbsent(session.stat(path, signal))) !== undefined

/** Makes a new name in a folder last, where the server can open folders and bring them to the disk. */
export async function syncFolder(session: SftpSession, path: string, signal: AbortSignal): Promise<void> {
  try {
    const handle = await session.open(path, 'r', signal)
    try {
      await syncWhereOffered(session, handle, signal)
    } finally {
      await session.closeFile(handle, signal)
    }
  } catch (error) {
    // The file itself is safe: a server that cannot do this for folders is still one that can be used.
    if (!(error instanceof SftpFailure)) throw error
  }
}

/** Removes what dead writers have left beside `temporary`. Ages are measured by the store's own clock: that of this file. */
export async function sweep(session: SftpSession, temporary: string, signal: AbortSignal): Promise<void> {
  const folder = posix.dirname(temporary)
  const nowMs = (await session.stat(temporary, signal)).mtime * 1000
  for (const { filename, attrs } of await session.readFolder(folder, signal)) {
    if (!attrs.isFile() || nowMs - attrs.mtime * 1000 <= TEMPORARY_MAX_AGE_MS) continue
    await unlessAbsent(session.unlink(posix.join(folder, filename), signal))
  }
}

/** Reads the folders below `root`. */
export const folderReader =
  (session: SftpSession, root: string, signal: AbortSignal): ReadFolder =>
  async (folder) => {
    const entries = await unlessAbsent(session.readFolder(posix.join(root, folder), signal))
    return (entries ?? []).map(({ filename, attrs }) => ({
      name: filename,
      isFolder: attrs.isDirectory(),
      info: async (objectName) => (attrs.isFile() ? infoOf(objectName, attrs) : undefined),
    }))
  }

export const infoOf = (name: string, found: { size: number; mtime: number }): ObjectInfo => ({
  name,
  bytes: found.size,
  modifiedAt: new Date(found.mtime * 1000),
})
