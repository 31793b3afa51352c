import type { BigIntStats } from 'node:fs'
import type { Item } from '../../../core/backup.js'
import type { Counts } from '../../../core/rehearsal.js'
import { bytesOf } from '../../archive/byte-path.js'
import { indexLinesOf, type IndexLine } from '../../archive/index-lines.js'
import type { ObjectReader, RehearsalPlace, SourceContext } from '../driver.js'
import { planRestore, statOf, type RootRestore } from './plan-restore.js'
import { COUNTED_AS } from './read.js'
import { stageTree } from './stage.js'
import type { FileTree } from './tree.js'
import { pathIn } from './wanted.js'

/** Extracts the whole archive, and looks for everything that its index names: of its kind, and as long as it was. */
export async function rehearseTree(
  tree: FileTree,
  item: Item,
  place: RehearsalPlace,
  { objects, context }: { objects: ObjectReader; context: SourceContext },
): Promise<Counts> {
  const target = { restoreId: place.rehearsalId, to: place.folder }
  const roots = await planRestore(tree, target, item.source, context)
  await stageTree(tree, item, target, { objects, context })
  const { sockets } = item.counts
  // Counted when they were met, and never archived.
  const counts: Record<string, number> = sockets === undefined ? {} : { sockets }
  for (const index of item.objects.filter(({ kind }) => kind === 'index')) {
    for await (const line of indexLinesOf(objects.open(index))) {
      context.signal.throwIfAborted()
      if (!(await isThere(line, roots))) continue
      const what = COUNTED_AS[line.type]
      counts[what] = (counts[what] ?? 0) + 1
    }
  }
  return counts
}

async function isThere(line: IndexLine, roots: readonly RootRestore[]): Promise<boolean> {
  const member = pathIn(line, 'path')
  const root = roots.find(
    (one) => one.member === '.' || one.member === member || member.startsWith(`${one.member}/`),
  )
  if (root === undefined) return false
  const found = await statOf(
    member === '.' ? root.content : Buffer.concat([Buffer.from(`${root.content}/`), bytesOf(member)]),
  )
  return found !== undefined && isSame(line, found)
}

/** A second name of a file has no bytes of its own in the archive; nor have devices and pipes. */
function isSame({ type, size }: IndexLine, found: BigIntStats): boolean {
  if (type === 'file') return found.isFile() && found.size === BigInt(size)
  if (type === 'folder') return found.isDirectory()
  return type !== 'symlink' || found.isSymbolicLink()
}
