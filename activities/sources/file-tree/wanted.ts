import type { Item } from '../../../core/backup.js'
import { globMatcher } from '../../../core/globs.js'
import { bytePathOf, folderOf, shownPath, type BytePath } from '../../archive/byte-path.js'
import { indexLinesOf, type IndexLine } from '../../archive/index-lines.js'
import type { ObjectReader } from '../driver.js'
import { shownMember, type FileTree } from './tree.js'

/** Which members a restore asks for. */
export interface Wanted {
  /** Is to be put in place. */
  readonly isMatched: (member: BytePath) => boolean
  /** Is matched, or leads to what is matched, or a hard link that is matched needs its content. */
  readonly isNeeded: (member: BytePath) => boolean
}

export const everything: Wanted = { isMatched: () => true, isNeeded: () => true }

/**
 * Globs as people mean them: a whole path, a path below one of the source's, or a name without a slash at any depth. A
 * folder that is matched is matched with all that is in it.
 */
export function matcher(tree: FileTree, globs: readonly string[]): (member: BytePath) => boolean {
  const paths = globMatcher(
    globs.filter((glob) => glob.includes('/')).map((glob) => glob.replace(/(.)\/$/, '$1')),
    { dot: true },
  )
  const names = globMatcher(
    globs.filter((glob) => !glob.includes('/')),
    { dot: true },
  )
  const isOne = (member: BytePath): boolean => {
    const shown = shownMember(tree, shownPath(member))
    const below = tree.roots.map(({ path, member: root }) =>
      root === '.' ? shown : shown.startsWith(`${path}/`) ? shown.slice(path.length + 1) : undefined,
    )
    const isName = names(shown.slice(shown.lastIndexOf('/') + 1))
    return isName || paths(shown) || below.some((path) => path !== undefined && paths(path))
  }
  return (member) => {
    for (let path = member; ; path = path.slice(0, path.lastIndexOf('/'))) {
      if (isOne(path)) return true
      if (!path.includes('/')) return false
    }
  }
}

/**
 * Reads the index first: a hard link comes without content, which is with another name that may not be asked for; and folders
 * above, where they are missing, are made with the rights that they had, not with those of whoever restores.
 */
export async function wantedOf(
  item: Item,
  objects: ObjectReader,
  isMatched: (member: BytePath) => boolean,
): Promise<Wanted> {
  const needed = new Set<BytePath>()
  const index = item.objects.find(({ kind }) => kind === 'index')
  if (index) {
    for await (const line of indexLinesOf(objects.open(index) as AsyncIterable<Buffer>)) {
      const path = pathIn(line, 'path')
      if (!isMatched(path)) continue
      addFoldersAbove(path, needed)
      if (line.type === 'link') needed.add(pathIn(line, 'target'))
    }
  }
  return { isMatched, isNeeded: (member) => isMatched(member) || needed.has(member) }
}

function addFoldersAbove(path: BytePath, folders: Set<BytePath>): void {
  for (let above = folderOf(path); !folders.has(above); above = folderOf(above)) folders.add(above)
}

/** A path of a line, as bytes. */
export const pathIn = (line: IndexLine, key: 'path' | 'target'): BytePath => {
  const text = line[key]
  return text === undefined
    ? Buffer.from(line[`${key}Bytes`] ?? '', 'base64').toString('latin1')
    : bytePathOf(text)
}
