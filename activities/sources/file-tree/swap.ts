import { chmod, chown, mkdir, rename as renameFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import { bytesOf, bytePathOf } from '../../archive/byte-path.js'
import { syncFolder } from '../../durable-file.js'
import type { Swapped } from '../driver.js'
import { at, entriesIn, removeEmptyFolders, removeTree } from './entries.js'
import {
  decidedMoves,
  listFile,
  newcomers,
  writtenMoves,
  type FolderRights,
  type MovesList,
  type Unit,
} from './moves-list.js'
import { stagingFolderOf, statOf } from './plan-restore.js'
import { identityOf } from './stage.js'

/** Tests stop between any two of them. */
export type Rename = (from: Buffer, to: Buffer) => Promise<void>

/**
 * Puts staged data in place by renames; what was there becomes the safety copy. May run twice, and be killed at any of the
 * renames: each step looks at what is there, and nothing is ever renamed onto something else.
 */
export async function swapTree(moves: readonly StagedMove[], rename: Rename = renameFile): Promise<Swapped> {
  const safetyCopies: string[] = []
  for (const move of moves) {
    if (move.kind === 'path') await swapWhole(move, rename)
    else await swapUnits(move, rename)
    await syncFolder(dirname(move.target))
    await removeTree(stagingFolderOf(move))
    if (await hasSafetyCopy(move)) {
      safetyCopies.push(
        `what was in ${move.target} is in ${move.safety} now; remove it when it is no longer needed`,
      )
    }
  }
  return { safetyCopies, restored: moves.map(({ target }) => target), kept: await keptOf(moves) }
}

/** The old file or folder; of what was swapped piece by piece, the list that says which pieces went where. */
export async function keptOf(moves: readonly StagedMove[]): Promise<readonly string[]> {
  const kept: string[] = []
  for (const move of moves) {
    const isKept = move.kind === 'path' ? await statOf(move.safety) : await writtenMoves(move)
    if (isKept !== undefined) kept.push(move.safety)
  }
  return kept
}

/**
 * Brings the old data back as far as `swapTree` came, the last move first, then removes what was staged, and of what was swapped
 * to its end also what was written to it since. May run twice.
 */
export async function discardTree(moves: readonly StagedMove[], rename: Rename = renameFile): Promise<void> {
  for (const move of moves.toReversed()) {
    if (move.kind === 'path') await undoWhole(move, rename)
    else await undoUnits(move, rename)
    await removeTree(stagingFolderOf(move))
  }
}

async function swapWhole(move: StagedMove, rename: Rename): Promise<void> {
  const { target, staged, safety } = move
  if (await isOurs(move, target)) return
  if (!(await isOurs(move, staged))) throw gone(move)
  if (await statOf(target)) {
    await requireFree(safety)
    await rename(at(target, ''), at(safety, ''))
  }
  await rename(at(staged, ''), at(target, ''))
}

async function undoWhole(move: StagedMove, rename: Rename): Promise<void> {
  const { target, staged, safety } = move
  if (await isOurs(move, target)) {
    await mkdir(dirname(staged), { recursive: true, mode: 0o700 })
    await rename(at(target, ''), at(staged, ''))
  }
  if (!(await statOf(safety))) return
  if (await statOf(target)) throw replaced(target, safety)
  await rename(at(safety, ''), at(target, ''))
  await syncFolder(dirname(target))
}

async function isOurs({ identity }: StagedMove, path: string): Promise<boolean> {
  const found = await statOf(path)
  return found !== undefined && identityOf(found) === identity
}

/** A folder of old files: below it they have the names that they had. */
const inSafety = ({ safety, target }: StagedMove, { path }: Unit): Buffer =>
  at(safety, path === '' ? bytePathOf(target.slice(target.lastIndexOf('/') + 1)) : path)

async function swapUnits(move: StagedMove, rename: Rename): Promise<void> {
  const { units, rights } = await decidedMoves(move)
  for (const unit of units) await swapUnit(move, unit, rename)
  if (rights) await setRights(move.target, rights.after)
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

async function undoUnits(move: StagedMove, rename: Rename): Promise<void> {
  const list = await writtenMoves(move)
  if (!list) return
  // First of all: as soon as one unit is undone, nobody could tell any more that the swap had come to its end.
  if (move.kind === 'children' && (await isWhollySwapped(move, list.units)))
    await removeNewcomers(move, list, rename)
  for (const unit of list.units.toReversed()) await undoUnit(move, unit, rename)
  if (list.rights) await setRights(move.target, list.rights.before)
  await syncFolder(dirname(move.target))
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
async function removeNewcomers(move: StagedMove, list: MovesList, rename: Rename): Promise<void> {
  for (const path of await newcomers(move, list)) {
    const staged = at(move.staged, path)
    // From an undoing that was killed: what came after that one is left alone.
    if (await statOf(staged)) continue
    await makeFolderOf(staged)
    await rename(at(move.target, path), staged)
  }
}

const makeFolderOf = async (path: Buffer): Promise<void> => {
  const text = path.toString('latin1')
  await mkdir(bytesOf(text.slice(0, text.lastIndexOf('/'))), { recursive: true, mode: 0o700 })
}

async function requireFree(safety: string | Buffer): Promise<void> {
  if (!(await statOf(safety))) return
  throw new HoldfastError(
    'restore.conflict',
    `${safety.toString()} exists: the old data cannot be kept there.`,
    {
      hint: 'Look at it, rename or remove it, then go on with the restore.',
    },
  )
}

async function hasSafetyCopy({ kind, safety }: StagedMove): Promise<boolean> {
  if (!(await statOf(safety))) return false
  return kind === 'path' || (await entriesIn(at(safety, ''))).length > 1
}

const gone = ({ target, staged }: StagedMove): HoldfastError =>
  new HoldfastError('restore.conflict', `What was staged for ${target} is not at ${staged} any more.`, {
    hint: 'Find out what removed or replaced it, then start the restore again.',
  })

const replaced = (target: string, safety: string): HoldfastError =>
  new HoldfastError('restore.conflict', `${target} was written by somebody else since it was restored.`, {
    hint: `The old data is in ${safety}: compare the two and put the right one in place.`,
  })
