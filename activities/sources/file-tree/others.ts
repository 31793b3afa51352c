import type { BytePath } from '../../archive/byte-path.js'
import { childOf } from './entries.js'

/** What belongs to a database besides its file, and what a restore lays beside it: https://sqlite.org/tempfiles.html */
const BESIDE = /^(|-wal|-shm|-journal|\.holdfast-before-.+)$/
const STAGED_BESIDE = /^\.holdfast-[0-9a-f]+-/

/** Which of the paths of other sources a file or folder belongs to; undefined: it is ours. */
export function otherOf(path: BytePath, keeps: readonly BytePath[]): BytePath | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const own = path.slice(0, path.length - name.length) + name.replace(STAGED_BESIDE, '')
  return keeps.find((kept) => own.startsWith(kept) && BESIDE.test(own.slice(kept.length)))
}

/**
 * Whether something staged stays behind, since another source has its own there, or has staged it. A database goes or stays
 * with all that lies beside it: SQLite would play the WAL of one into another.
 */
export function leavingToOthers(
  folder: BytePath,
  present: readonly { readonly name: BytePath }[],
  keeps: readonly BytePath[],
): (path: BytePath) => boolean {
  const taken = new Set(present.map(({ name }) => otherOf(childOf(folder, name), keeps)))
  return (path) => {
    const other = otherOf(path, keeps)
    return other !== undefined && taken.has(other)
  }
}

export const leadsTo = (folder: BytePath, keeps: readonly BytePath[]): boolean =>
  keeps.some((path) => path.startsWith(`${folder}/`))
