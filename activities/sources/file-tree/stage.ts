import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import { extract } from '../../archive/extract.js'
import type { ObjectReader, RestoreTarget, SourceContext } from '../driver.js'
import { prune, removeTree } from './entries.js'
import { planRestore, statOf, type RootRestore } from './plan-restore.js'
import type { FileTree } from './tree.js'
import { everything, matcher, wantedOf } from './wanted.js'

/** Lays every root beside its place, checked and on disk. When it fails, it leaves nothing behind. */
export async function stageTree(
  tree: FileTree,
  item: Item,
  target: RestoreTarget,
  { objects, context }: { objects: ObjectReader; context: SourceContext },
): Promise<readonly StagedMove[]> {
  const roots = await planRestore(tree, target, item.source, context)
  for (const root of roots) await requireUnused(root)
  try {
    for (const root of roots) await makeStaging(root)
    const wanted =
      target.include === undefined ? everything : await wantedOf(item, objects, matcher(tree, target.include))
    const tar = item.objects.find(({ kind }) => kind === 'tar')
    if (!tar) throw new HoldfastError('backup.corrupt', `Item "${item.source}" has no archive.`)
    const found = await extract(objects.open(tar) as AsyncIterable<Buffer>, {
      shell: context.shell(),
      roots: roots.map(({ member, content }) => ({ member, folder: content })),
      isWanted: ({ path }) => wanted.isNeeded(path),
      signal: context.signal,
    })
    const moves: StagedMove[] = []
    for (const root of roots) {
      const isStaged = found.has(root.member) && (await isLeft(root, target, wanted.isMatched))
      if (isStaged) moves.push(await moveOf(root, context))
      else await removeTree(root.stagingFolder)
    }
    if (moves.length === 0) throw nothingFound(item, target)
    return moves
  } catch (error) {
    for (const { stagingFolder } of roots) await removeTree(stagingFolder)
    throw error
  }
}

async function requireUnused({ target, safety }: RootRestore): Promise<void> {
  if (!(await statOf(safety))) return
  throw new HoldfastError(
    'restore.conflict',
    `${safety} exists: this restore of ${target} was swapped in before.`,
    {
      hint: 'Look at it, rename or remove it, then restore again.',
    },
  )
}

/** What a try that was killed has left was never complete. */
async function makeStaging({ stagingFolder, content, target, keeps }: RootRestore): Promise<void> {
  try {
    await removeTree(stagingFolder)
    // A folder that others put their part into is not renamed as a whole: it must be there.
    await mkdir(keeps.length > 0 ? target : dirname(target), { recursive: true })
    await mkdir(stagingFolder, { mode: 0o700 })
    await mkdir(content, { mode: 0o700 })
  } catch (error) {
    throw notWritable(dirname(stagingFolder), error)
  }
}

export function notWritable(folder: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HoldfastError('restore.no-space', `There is no room left in ${folder}.`, {
      hint: 'Make room, or restore to another folder with --to.',
      cause: error,
    })
  }
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') return error
  return new HoldfastError(
    'restore.not-allowed',
    `The Holdfast worker may not write to ${folder} (${code}).`,
    {
      hint: 'Files are restored beside their place first. Run the worker as root, or restore with --to.',
      cause: error,
    },
  )
}

/** Where only some files are wanted, whatever else came along goes. */
async function isLeft(
  root: RootRestore,
  target: RestoreTarget,
  isMatched: (member: string) => boolean,
): Promise<boolean> {
  if (target.include === undefined) return true
  const found = await statOf(root.staged)
  if (!found) return false
  const memberOf = (relative: string): string =>
    root.member === '.' ? relative || '.' : relative === '' ? root.member : `${root.member}/${relative}`
  if (!found.isDirectory()) return isMatched(root.member)
  return !(await prune(root.staged, '', (relative) => isMatched(memberOf(relative))))
}

async function moveOf(root: RootRestore, context: SourceContext): Promise<StagedMove> {
  // tar does not sync: after a power cut the swap could be there, and the data not.
  await context.shell().run(['sync', '--file-system', root.stagingFolder], { signal: context.signal })
  const staged = await statOf(root.staged)
  if (!staged)
    throw new HoldfastError('restore.failed', `${root.target} was not restored: it is not in the archive.`)
  const { kind, target, safety, keeps } = root
  const move = { kind, target, staged: root.staged, safety, identity: identityOf(staged) } as const
  if (keeps.length === 0 || kind === 'path') return move
  if (kind === 'overlay') return { ...move, keeps }
  // It was a link or a file when it was backed up: nothing of others was in it.
  return staged.isDirectory() ? { ...move, keeps } : { ...move, kind: 'path' }
}

/** Tells what was staged from whatever else bears its name. */
export const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `${dev}:${ino}`

const nothingFound = (item: Item, { include }: RestoreTarget): HoldfastError =>
  include === undefined
    ? new HoldfastError('restore.failed', `Nothing of "${item.source}" is in this backup.`, {
        hint: 'Look at what it did not capture: `holdfast backup show`. Restore from another backup.',
      })
    : new HoldfastError('flag.invalid', `No file of "${item.source}" matches ${include.join(', ')}.`, {
        hint: 'Give --include a path as it was backed up, or a glob.',
      })
