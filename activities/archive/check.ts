import { HoldfastError } from '../../core/errors.js'
import { folderOf, shownPath, type BytePath } from './byte-path.js'
import type { TarEntry } from './tar-header.js'

/**
 * Refuses members that would be written outside the place they are extracted to, before tar sees them: absolute names,
 * `..`, hard links to such, and anything that goes through a link that came before. Links themselves may point anywhere:
 * they are data. Fails with `archive.hostile`.
 */
export class MemberCheck {
  /** Paths that are links: nothing may be written through them. */
  readonly #links = new Set<BytePath>()
  /** Folder of the last member: neighbours need not be checked again. */
  #soundFolder: BytePath | undefined

  check(entry: TarEntry): void {
    requireInside(entry, entry.path)
    this.#requireNoLinkAbove(entry, entry.path)
    if (this.#links.has(entry.path)) throw hostile(entry, 'takes the place of a link')
    if (entry.type === 'link') this.#checkHardLink(entry)
    else if (entry.type === 'symlink') this.#add(entry.path)
  }

  #checkHardLink(entry: TarEntry): void {
    const target = entry.linkTarget ?? ''
    requireInside(entry, target)
    this.#requireNoLinkAbove(entry, target)
    // A second name of a link is a link.
    if (this.#links.has(target)) this.#add(entry.path)
  }

  #add(path: BytePath): void {
    this.#links.add(path)
    this.#soundFolder = undefined
  }

  #requireNoLinkAbove(entry: TarEntry, path: BytePath): void {
    const folder = folderOf(path)
    if (folder === this.#soundFolder) return
    for (let above = folder; above !== '.'; above = folderOf(above)) {
      if (this.#links.has(above)) throw hostile(entry, 'leads through a link')
    }
    this.#soundFolder = folder
  }
}

function requireInside(entry: TarEntry, path: BytePath): void {
  if (path.startsWith('/')) throw hostile(entry, 'is absolute')
  if (path === '' || path.includes('\0')) throw hostile(entry, 'has no proper name')
  const segments = path.split('/')
  if (segments.includes('..')) throw hostile(entry, 'contains ".."')
  // Two names of one path could slip past the comparison with links; tar writes `./` for the folder itself only.
  if (path !== '.' && segments.some((segment) => segment === '.' || segment === '')) {
    throw hostile(entry, 'is not written in its shortest form')
  }
}

const hostile = (entry: TarEntry, what: string): HoldfastError =>
  new HoldfastError(
    'archive.hostile',
    `The archive was refused: its member "${shownPath(entry.path)}" ${what}.`,
    {
      hint: 'Nothing was restored. Holdfast does not write such archives: who can write to this destination?',
    },
  )
