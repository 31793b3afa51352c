import { readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'

/** As many links as Linux follows in one path. */
const MAX_LINKS = 40

/**
 * Where a path really leads, links followed; for what does not exist yet, where it would come to be: also through a link
 * that leads nowhere so far.
 */
export async function realPlace(path: string, linksLeft = MAX_LINKS): Promise<string> {
  const whole = resolve(path)
  try {
    return await realpath(whole)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const parent = dirname(whole)
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || parent === whole || linksLeft === 0) throw error
    const target = await readlink(whole).catch(() => undefined)
    if (target !== undefined) return realPlace(resolve(await realPlace(parent), target), linksLeft - 1)
    return join(await realPlace(parent, linksLeft), basename(whole))
  }
}

/** The folder itself, or anything below it. */
export const isInside = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
