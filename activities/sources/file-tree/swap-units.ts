import { chmod, chown, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StagedMove } from '../../../core/work/restore.js'
import { bytesOf, bytePathOf, type BytePath } from '../../archive/byte-path.js'
import { at, parentOf, removeEmptyFolders } from './entries.js'
import {
  decidedMoves,
  listFile,
  newcomers,
  writtenMoves,
  type FolderRights,
  type MovesList,
  type Unit,
} from './moves-list.js'
import { statOf } from './plan-restore.js'
import { replaced, requireFree, type Rename, type Sync } from './renames.js'

/** A folder of old files: below it they have the names that they had. */
const inSafety = ({ safety, target }: StagedMove, { path }: Unit): Buffer =>
  at(safety, path === '' ? bytePathOf(target.slice(target.lastIndexOf('/') + 1)) : path)

/** Puts what is staged in place piece by piece, as the list says. */
export async function swapUnits(move: StagedMove, rename: Rename, sync: Sync): Promise<void> {
  const { units, rights } = await decidedMoves(move)
  for (const unit of units) await swapUnit(move, unit, rename)
  if (rights) await setRights(move.target, rights.after)
  await syncAbove(move, paths(units), sync)
}

const paths = (units: readonly Unit[]): readonly BytePath[] => units.map(({ path }) => path)

/** The folders in which these were renamed, in place and in the safety copy, each once. */
async function syncAbove(move: StagedMove, renamed: readonly BytePath[], sync: Sync): Promise<void> {
  const folders = new Set([''])
  for (const path of renamed) {
    for (let above = parentOf(path); !folders.has(above); above = parentOf(above)) folders.add(above)
  }
  for (const folder of folders) {
    for (const path of [at(move.target, folder), at(move.safety, folder)]) {
      if ((await statOf(path))?.isDirectory()) await sync(path)
    }
  }
}

/** Owner first: changing it takes set-id bits away. */
async function setRights(folder: string, { mode, uid, gid }: FolderRights): Promise<void> {
  // Who is not root owns what it restores.
  if (process.getuid?.() === 0) await chown(folder, uid, gid)
  await chmod(folder, mode)
}

async function swapUnit(move: StagedMove, unit: Unit, rename: Rename): Promise<void> {
  const [target, staged, safety] = [
    at(move.target, unit.path),
    at(move.staged, unit.path),
    inSafety(move, unit),
  ]
  const isComing = unit.isStaged && (await statOf(staged)) !== undefined
  // Staged once and not any more: it is in place.
  if (unit.isStaged && !isComing) return
  if (await statOf(target)) {
    await requireFree(safety)
    await makeFolderOf(safety)
    await rename(target, safety)
  }
  if (isComing) await rename(staged, target)
}

/** The way back, the last piece first, as far as the list was carried out; the list goes last. */
export async function undoUnits(move: StagedMove, rename: Rename, sync: Sync): Promise<void> {
  const list = await writtenMoves(move)
  if (!list) return
  // First of all: as soon as one unit is undone, nobody could tell any more that the swap had come to its end.
  if (move.kind === 'children' && (await isWhollySwapped(move, list.units))) {
    await removeNewcomers(move, list, { rename, sync })
  }
  for (const unit of list.units.toReversed()) await undoUnit(move, unit, rename)
  if (list.rights) await setRights(move.target, list.rights.before)
  await syncAbove(move, paths(list.units), sync)
  await sync(dirname(move.target))
  await rm(listFile(move), { force: true })
  await removeEmptyFolders(at(move.safety, ''))
}

/** What was restored goes back to its staging place, and what took the place of something put aside goes there with it. */
async function undoUnit(move: StagedMove, unit: Unit, rename: Rename): Promise<void> {
  const [target, staged, safety] = [
    at(move.target, unit.path),
    at(move.staged, unit.path),
    inSafety(move, unit),
  ]
  const isKept = (await statOf(safety)) !== undefined
  if ((unit.isStaged || isKept) && !(await statOf(staged)) && (await statOf(target))) {
    await makeFolderOf(staged)
    await rename(target, staged)
  }
  if (!isKept) return
  if (await statOf(target)) throw replaced(target.toString(), safety.toString())
  await rename(safety, target)
}

async function isWhollySwapped(move: StagedMove, units: readonly Unit[]): Promise<boolean> {
  for (const unit of units) {
    const isWaiting = unit.isStaged
      ? await statOf(at(move.staged, unit.path))
      : (await statOf(at(move.target, unit.path))) && !(await statOf(inSafety(move, unit)))
    if (isWaiting) return false
  }
  return true
}

/** Written to the restored data since, it is removed with it: the old data was never together with it. */
async function removeNewcomers(
  move: StagedMove,
  list: MovesList,
  { rename, sync }: { rename: Rename; sync: Sync },
): Promise<void> {
  const found = await newcomers(move, list)
  for (const path of found) {
    const staged = at(move.staged, path)
    // From an undoing that was killed: what came after that one is left alone.
    if (await statOf(staged)) continue
    await makeFolderOf(staged)
    await rename(at(move.target, path), staged)
  }
  await syncAbove(move, found, sync)
}

const makeFolderOf = async (path: Buffer): Promise<void> => {
  const text = path.toString('latin1')
  await mkdir(bytesOf(text.slice(0, text.lastIndexOf('/'))), { recursive: true, mode: 0o700 })
}
