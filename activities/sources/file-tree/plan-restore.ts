import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { bytePathOf, bytesOf, type BytePath } from '../../archive/byte-path.js'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import { realPlace } from '../../real-place.js'
import type { RestoreTarget, SourceContext } from '../driver.js'
import { mountPoints } from '../../mounts.js'
import { isBelow, type FileTree } from './tree.js'

/** Where one root is laid beside its place, and what becomes of it. */
export interface RootRestore {
  readonly member: BytePath
  readonly kind: 'path' | 'children' | 'overlay'
  readonly target: string
  /** Made for this restore and removed with it; on the same filesystem as the target. */
  readonly stagingFolder: string
  /** Where tar puts the members, under their whole names. */
  readonly content: string
  readonly staged: string
  readonly safety: string
  /** Below the target: what other sources have there, and bring back themselves; backups and our own state. */
  readonly keeps: readonly BytePath[]
}

const STAGING_PREFIX = '.holdfast-restore-'
const SAFETY_INFIX = '.holdfast-before-'
const CONTENT = 'content'

/**
 * Decides for each root how it is put in place: renamed as a whole; child by child where the place itself cannot be renamed
 * (mount points, volumes), or has what stays; or laid over what is there, where only some files are wanted. What stays is what
 * other sources bring back, and what is never read: destinations would be moved away with all their backups. Fails with
 * `restore.conflict`.
 */
export async function planRestore(
  tree: FileTree,
  target: RestoreTarget,
  sourceName: string,
  { neverRead = [] }: Pick<SourceContext, 'neverRead'>,
): Promise<readonly RootRestore[]> {
  // In another folder (`to`) nothing of theirs is in the way.
  const named = target.to === undefined ? [...(target.others ?? []), ...neverRead] : []
  const staying = { named, real: await Promise.all(named.map(followed)) }
  const mounts = await mountPoints()
  return Promise.all(
    tree.roots.map(async (root, number) => {
      const place = target.to === undefined ? root.path : placeBelow(target.to, root.member, sourceName)
      const isInPlaceVolume = target.to === undefined && root.member === '.'
      const { member } = root
      return planRoot({ member, place, number, target, staying, sourceName, mounts, isInPlaceVolume })
    }),
  )
}

/** With `--to`, files keep their whole path, and a volume gets a folder named like its source: nothing can meet. */
const placeBelow = (to: string, member: BytePath, sourceName: string): string =>
  join(to, member === '.' ? sourceName : bytesOf(member).toString('utf8'))

async function planRoot(root: {
  member: BytePath
  place: string
  number: number
  target: RestoreTarget
  staying: Staying
  sourceName: string
  mounts: readonly string[]
  isInPlaceVolume: boolean
}): Promise<RootRestore> {
  const { member, place, target, staying, mounts } = root
  if (place === '/') throw wholeMachine()
  const found = await statOf(place)
  const isMount = found !== undefined && (mounts.includes(place) || (await isOnOtherDevice(place, found)))
  if (target.include === undefined) requireReplaceable(place, { found, isMount, mounts })
  const id = target.restoreId.replaceAll('/', '-')
  const stagingName = `${STAGING_PREFIX}${id}-${root.sourceName}-${root.number}`
  // Beside the place it is out of sight of whoever uses it; a mount point's neighbours lie on another filesystem.
  const stagingFolder = join(isMount ? place : (target.to ?? dirname(place)), stagingName)
  const content = join(stagingFolder, CONTENT)
  // Not of a link: what is in the folder that it leads to is not replaced.
  const keeps = found === undefined || found.isDirectory() ? await keptBelow(place, staying) : []
  const isByChildren = isMount || root.isInPlaceVolume || keeps.length > 0
  const kind = target.include !== undefined ? 'overlay' : isByChildren ? 'children' : 'path'
  return {
    member,
    kind,
    target: place,
    stagingFolder,
    content,
    staged: member === '.' ? content : join(content, bytesOf(member).toString('utf8')),
    safety: isMount
      ? join(place, `${SAFETY_INFIX}${id}`)
      : join(dirname(place), `${basename(place)}${SAFETY_INFIX}${id}`),
    keeps,
  }
}

/** What stays, by the names that sources give and by where these really lead: absolute paths. */
interface Staying {
  readonly named: readonly string[]
  readonly real: readonly string[]
}

/** What is swapped is the file behind all links, and a link to it is needed as much. */
async function keptBelow(place: string, { named, real }: Staying): Promise<readonly BytePath[]> {
  const folder = await followed(place)
  return [
    ...new Set([
      ...named.flatMap((path) => pathBelow(place, path)),
      ...real.flatMap((path) => pathBelow(folder, path)),
    ]),
  ]
}

const pathBelow = (folder: string, path: string): readonly BytePath[] =>
  isBelow(path, folder) ? [bytePathOf(path.slice(folder.length + 1))] : []

/** As the sources do it: what cannot be followed is taken by its name. */
const followed = (path: string): Promise<string> => realPlace(path).catch(() => path)

function requireReplaceable(
  place: string,
  seen: { found: BigIntStats | undefined; isMount: boolean; mounts: readonly string[] },
): void {
  const below = seen.mounts.find((mount) => isBelow(mount, place))
  if (below !== undefined) {
    throw new HoldfastError('restore.conflict', `${place} cannot be replaced: ${below} is mounted in it.`, {
      hint: 'Restore to another folder with --to, or only some files with --include.',
    })
  }
  if (seen.isMount && !seen.found?.isDirectory()) {
    throw new HoldfastError(
      'restore.conflict',
      `${place} cannot be replaced: the file is mounted by itself.`,
      {
        hint: 'Restore to another folder with --to.',
      },
    )
  }
}

const wholeMachine = (): HoldfastError =>
  new HoldfastError('restore.conflict', 'The root of this machine cannot be replaced while it runs.', {
    hint: 'Restore to another folder with --to.',
  })

export const statOf = async (path: string | Buffer): Promise<BigIntStats | undefined> => {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

const isOnOtherDevice = async (path: string, found: BigIntStats): Promise<boolean> => {
  const parent = await statOf(dirname(path))
  return parent !== undefined && parent.dev !== found.dev
}

/** The folder that was made for a move, from what the move says. */
export function stagingFolderOf({ staged }: Pick<StagedMove, 'staged'>): string {
  const at = staged.indexOf(`/${CONTENT}`, staged.lastIndexOf(`/${STAGING_PREFIX}`))
  return staged.slice(0, at)
}
