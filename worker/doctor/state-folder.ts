import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import type { StateFolderFacts } from '../../core/doctor/this-host.js'
import { stateFailure } from '../../temporal/state-failure.js'

const PERMISSIONS = 0o777

/** Whose the state folder is, and how much room it has. Fails as `stateFailure` says where it cannot be looked at. */
export async function lookAtStateFolder(path: string): Promise<StateFolderFacts> {
  const userId = process.getuid?.() ?? -1
  const found = await stat(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw await stateFailure(path, error)
  })
  if (found === undefined) return { path, userId }
  const [isWritable, { bavail, bsize }] = await Promise.all([mayWrite(path), statfs(path)])
  return {
    ...{ path, userId },
    folder: {
      ...{ mode: found.mode & PERMISSIONS, ownerId: found.uid },
      ...{ isWritable, freeBytes: bavail * bsize },
    },
  }
}

const mayWrite = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
