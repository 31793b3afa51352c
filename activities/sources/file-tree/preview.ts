import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { bytesOf } from '../../archive/byte-path.js'
import { counted, formatBytes } from '../../../core/units.js'
import type { RestorePreviewItem } from '../../../core/work/restore.js'
import type { RestoreTarget, SourceContext } from '../driver.js'
import { tarVersion } from './preflight.js'
import { planRestore, statOf, type RootRestore } from './plan-restore.js'
import { notWritable } from './stage.js'
import type { FileTree } from './tree.js'

/** What a restore of the tree would replace. Fails with `restore.no-space`, `restore.not-allowed`, `restore.conflict`. */
export async function previewTree(
  tree: FileTree,
  item: Item,
  target: RestoreTarget,
  context: SourceContext,
): Promise<RestorePreviewItem> {
  await tarVersion(context)
  const roots = await planRestore(tree, target, item.source, context)
  const bytes = item.objects.find(({ kind }) => kind === 'tar')?.plainBytes ?? 0
  const folders = await Promise.all(roots.map(({ stagingFolder }) => existing(dirname(stagingFolder))))
  for (const folder of new Set(folders)) await requireWritable(folder)
  // How much of it a few files are is not known before the archive is read.
  if (target.include === undefined) await requireRoom(folders, bytes)
  const size = `${formatBytes(bytes)}, ${counted(item.counts['files'] ?? 0, 'file')}`
  return {
    source: item.source,
    type: item.type,
    effects: await Promise.all(roots.map((root) => effectOf(root, size, target))),
    bytes,
    notCaptured: Object.values(item.notCapturedCounts).reduce((total, count) => total + count, 0),
  }
}

/** The nearest folder above that is there: what is missing will be made. */
async function existing(folder: string): Promise<string> {
  let path = folder
  while (path !== '/' && !(await statOf(path))) path = dirname(path)
  return path
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw notWritable(folder, error)
  }
}

/** Old and new are there at once. How the bytes are shared among several filesystems is not known: together they must do. */
async function requireRoom(folders: readonly string[], bytes: number): Promise<void> {
  const freeByDevice = new Map<bigint, number>()
  for (const folder of folders) {
    const { bavail, bsize } = await statfs(folder)
    freeByDevice.set((await statOf(folder))?.dev ?? 0n, bavail * bsize)
  }
  const free = [...freeByDevice.values()].reduce((total, value) => total + value, 0)
  if (free >= bytes) return
  throw new HoldfastError(
    'restore.no-space',
    `The restore needs ${formatBytes(bytes)} in ${[...new Set(folders)].join(', ')}, where ${formatBytes(free)} are free.`,
    { hint: 'Make room, restore to another folder with --to, or only some files with --include.' },
  )
}

async function effectOf(root: RootRestore, size: string, { include }: RestoreTarget): Promise<string> {
  const isThere = (await statOf(root.target)) !== undefined
  const stays = root.keeps.map((path) => `${root.target}/${bytesOf(path).toString('utf8')}`).join(', ')
  const but = stays === '' ? '' : `, without ${stays}, which stays as it is`
  if (include !== undefined) {
    const kept = isThere ? `; the files that they replace are kept in ${root.safety}` : ''
    return `lays the files that match ${include.join(', ')} over ${root.target}${but}${kept}`
  }
  if (!isThere) return `creates ${root.target} (the backup has ${size})`
  return `replaces ${root.target}${but} (the backup has ${size}); what is there now is kept as ${root.safety}`
}
