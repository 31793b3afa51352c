import { open } from 'node:fs/promises'
import { MOST_BYTES } from '../plan/compose-yaml.js'
import { refuseOwnedByOthers, refuseWritableByOthers } from './unsafe.js'

/**
 * The text of a configuration or a plan. Of a file that is too large, only as much as shows that it is; bytes that are no
 * UTF-8 come as U+FFFD: both are issues of the reader, with a place. Fails with `config.unsafe`, and as the file system does.
 * `owners`: who may own it, where nobody named it.
 */
export async function readOwnText(file: string, owners?: readonly number[]): Promise<string> {
  const handle = await open(file, 'r')
  try {
    // Asked of what was opened, so that nobody can swap the file in between.
    const stats = await handle.stat()
    if (!stats.isFile()) throw Object.assign(new Error(`${file} is no file`), { code: 'EISDIR' })
    refuseWritableByOthers(file, stats)
    if (owners) refuseOwnedByOthers(file, stats, owners)
    const buffer = Buffer.alloc(Math.min(stats.size, MOST_BYTES) + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.toString('utf8', 0, length)
  } finally {
    await handle.close()
  }
}

/** Why a file cannot be read, in words. */
export function readingProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'the file does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it'
  if (code === 'EISDIR') return 'it is no regular file'
  if (code === 'ELOOP') return 'its links go round in circles'
  return code ?? 'it cannot be read'
}

export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
