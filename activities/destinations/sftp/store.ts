import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import type { Written } from '../existing-object.js'
import { TEMPORARY_FOLDER } from '../object-tree.js'
import { isAbsence, unlessAbsent } from './failure.js'
import { makeFolders, publish, syncFolder } from './folders.js'
import type { SftpSession } from './session.js'
import { writeBody } from './write.js'

/** Where an upload goes. */
export interface Upload {
  /** Folder of the destination. */
  readonly root: string
  /** Below `root`. */
  readonly objectName: string
  /** Path of the temporary file, in the folder of temporary files. */
  readonly temporary: string
}

/** A new temporary file with all of the body, safe on the server's disk where the server offers that. */
export async function writeTemporary(
  session: SftpSession,
  { root, temporary }: Upload,
  { body, signal }: { body: Readable; signal: AbortSignal },
): Promise<Written> {
  const handle = await openNew(session, { root, temporary }, signal)
  try {
    return await writeBody({ session, handle }, body, signal)
  } finally {
    // The answer is not waited for: requests of one connection are carried out in their order.
    session.closeFile(handle, AbortSignal.timeout(CLOSE_MS)).catch(() => undefined)
  }
}

export const CLOSE_MS = 5000

export async function openNew(
  session: SftpSession,
  { root, temporary }: Pick<Upload, 'root' | 'temporary'>,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    return await session.open(temporary, 'wx', signal)
  } catch (error) {
    if (!isAbsence(error)) throw error
    await makeFolders(session, { root, relative: TEMPORARY_FOLDER }, signal)
    return session.open(temporary, 'wx', signal)
  }
}

/**
 * Gives the finished temporary file its final name; says when that is taken. Tried twice, since a deletion may remove the
 * empty folder between our making and our using it.
 */
export async function publishTemporary(
  session: SftpSession,
  { root, objectName, temporary }: Upload,
  signal: AbortSignal,
): Promise<'published' | 'taken'> {
  const to = posix.join(root, objectName)
  const relative = posix.dirname(objectName)
  for (let isLast = false; ; isLast = true) {
    try {
      const outcome = await publish(session, { from: temporary, to }, signal)
      if (outcome === 'published') await syncFolder(session, posix.dirname(to), signal)
      return outcome
    } catch (error) {
      if (!isAbsence(error) || isLast) throw error
      await requireTemporary(session, { objectName, temporary }, signal)
      await makeFolders(session, { root, relative }, signal)
    }
  }
}

/** Fails when the temporary file is not there any more under its name: another attempt has taken it, or a person. */
export async function requireTemporary(
  session: SftpSession,
  { objectName, temporary }: Pick<Upload, 'objectName' | 'temporary'>,
  signal: AbortSignal,
): Promise<void> {
  if (await unlessAbsent(session.stat(temporary, signal))) return
  throw new HoldfastError(
    'destination.unavailable',
    `The temporary file of object "${objectName}" was taken or removed by somebody else.`,
    { hint: 'It is tried again by itself. If that repeats, look at who else writes or cleans up there.' },
  )
}
