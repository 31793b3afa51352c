import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'

/** Where a path really leads, links followed; for what does not exist yet, where it would come to be. */
export async function realPlace(path: string): Promise<string> {
  const whole = resolve(path)
  try {
    return await realpath(whole)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const parent = dirname(whole)
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || parent === whole) throw error
    return join(await realPlace(parent), basename(whole))
  }
}

/** The folder itself, or anything below it. */
export const isInside = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
