import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createDurably, syncFolder } from '../../durable-file.js'
import type { StagedMove } from '../../../core/work/restore.js'
import type { BytePath } from '../../archive/byte-path.js'
import { OWN_FOLDER } from '../../archive/walk.js'
import { at, childOf, entriesIn } from './entries.js'
import { leadsTo, leavingToOthers, otherOf } from './others.js'
import { statOf } from './plan-restore.js'

/** One rename of each side: what is staged under this name goes to the target, what is there goes to the safety copy. */
export interface Unit {
  /** Below target, staged and safety; empty for themselves. */
  readonly path: BytePath
  /** False for what is in the way only: it has no successor. */
  readonly isStaged: boolean
}

/** Owner and permissions of a folder that stays while its children are swapped. */
export interface FolderRights {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface MovesList {
  readonly units: readonly Unit[]
  /** Of the target, where it is a folder on both sides. */
  readonly rights?: { readonly before: FolderRights; readonly after: FolderRights }
}

const LIST_NAME = '.holdfast-moves'

/**
 * What a swap will rename, decided once: written down before the first rename, so that whoever comes after a kill knows
 * which of the files in place are new.
 */
export async function decidedMoves(move: StagedMove): Promise<MovesList> {
  const before = await writtenMoves(move)
  if (before) return before
  const list = move.kind === 'overlay' ? { units: await overlayUnits(move, '') } : await childMoves(move)
  await mkdir(move.safety, { recursive: true, mode: 0o700 })
  await syncFolder(dirname(move.safety))
  await createDurably(join(move.safety, LIST_NAME), JSON.stringify(list))
  return list
}

/** Undefined: no rename has happened yet. */
export async function writtenMoves({ safety }: StagedMove): Promise<MovesList | undefined> {
  try {
    return JSON.parse(await readFile(join(safety, LIST_NAME), 'utf8')) as MovesList
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

export const listFile = ({ safety }: StagedMove): string => join(safety, LIST_NAME)

async function childMoves(move: StagedMove): Promise<MovesList> {
  const { staged, target } = move
  return {
    units: await childUnits(move, ''),
    rights: { before: await rightsOf(target), after: await rightsOf(staged) },
  }
}

/**
 * Everything in place goes, everything staged comes. Our own folders inside a mount point stay, and what other sources have
 * there, whatever our archive has of it; a folder that leads to such a place is entered.
 */
async function childUnits(move: StagedMove, folder: BytePath): Promise<readonly Unit[]> {
  const { keeps = [] } = move
  const coming = await entriesOf(at(move.staged, folder))
  const present = await entriesOf(at(move.target, folder))
  const comingNames = new Set(coming.map(({ name }) => name))
  const presentFolders = new Set(present.filter(({ isFolder }) => isFolder).map(({ name }) => name))
  const isLeft = leavingToOthers(folder, present, keeps)
  const units: Unit[] = []
  for (const { name, isFolder } of coming) {
    const path = childOf(folder, name)
    if (isLeft(path)) continue
    const isEntered = isFolder && presentFolders.has(name) && leadsTo(path, keeps)
    units.push(...(isEntered ? await childUnits(move, path) : [{ path, isStaged: true }]))
  }
  for (const { name, isFolder } of present) {
    const path = childOf(folder, name)
    if (comingNames.has(name) || OWN_FOLDER.test(name) || otherOf(path, keeps) !== undefined) continue
    const isEntered = isFolder && leadsTo(path, keeps)
    units.push(...(isEntered ? await childUnits(move, path) : [{ path, isStaged: false }]))
  }
  return units
}

/** Of other restores too, whatever they lie beside. */
const OF_A_RESTORE = /\.holdfast-/

/**
 * What is in the folders whose children were swapped, and was not there when that was decided. What other sources have there
 * is none of it, nor what restores have laid beside something.
 */
export async function newcomers(
  move: StagedMove,
  { units }: MovesList,
  folder: BytePath = '',
): Promise<readonly BytePath[]> {
  const { keeps = [] } = move
  const known = new Set(units.map(({ path }) => path))
  const found: BytePath[] = []
  for (const { name, isFolder } of await entriesOf(at(move.target, folder))) {
    const path = childOf(folder, name)
    if (known.has(path) || OF_A_RESTORE.test(name) || otherOf(path, keeps) !== undefined) continue
    if (isFolder && leadsTo(path, keeps)) found.push(...(await newcomers(move, { units }, path)))
    else found.push(path)
  }
  return found
}

const entriesOf = async (folder: Buffer): ReturnType<typeof entriesIn> =>
  (await statOf(folder))?.isDirectory() ? entriesIn(folder) : []

async function rightsOf(folder: string): Promise<FolderRights> {
  const { mode, uid, gid } = await stat(folder)
  return { mode: mode & 0o7777, uid, gid }
}

/** The largest pieces that do not touch what is not asked for: a folder that both have is entered. */
async function overlayUnits(move: StagedMove, path: BytePath): Promise<readonly Unit[]> {
  const [coming, present] = await Promise.all([statOf(at(move.staged, path)), statOf(at(move.target, path))])
  if (!coming?.isDirectory() || !present?.isDirectory()) return [{ path, isStaged: true }]
  const isLeft = leavingToOthers(path, await entriesIn(at(move.target, path)), move.keeps ?? [])
  const units: Unit[] = []
  for (const { name } of await entriesIn(at(move.staged, path))) {
    const child = childOf(path, name)
    if (!isLeft(child)) units.push(...(await overlayUnits(move, child)))
  }
  return units
}
