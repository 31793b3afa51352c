import { mkdir, rename as renameFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import { syncFolder } from '../../durable-file.js'
import type { Swapped } from '../driver.js'
import { at, entriesIn, removeTree } from './entries.js'
import { writtenMoves } from './moves-list.js'
import { stagingFolderOf, statOf } from './plan-restore.js'
import { replaced, requireFree, type Rename, type Sync } from './renames.js'
import { identityOf } from './stage.js'
import { swapUnits, undoUnits } from './swap-units.js'

/**
 * Puts staged data in place by renames; what was there becomes the safety copy. May run twice, and be killed at any of the
 * renames: each step looks at what is there, and nothing is ever renamed onto something else.
 */
export async function swapTree(
  moves: readonly StagedMove[],
  rename: Rename = renameFile,
  sync: Sync = syncFolder,
): Promise<Swapped> {
  const safetyCopies: string[] = []
  for (const move of moves) {
    if (move.kind === 'path') await swapWhole(move, rename)
    else await swapUnits(move, rename, sync)
    await sync(dirname(move.target))
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
export async function discardTree(
  moves: readonly StagedMove[],
  rename: Rename = renameFile,
  sync: Sync = syncFolder,
): Promise<void> {
  for (const move of moves.toReversed()) {
    if (move.kind === 'path') await undoWhole(move, rename, sync)
    else await undoUnits(move, rename, sync)
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

async function undoWhole(move: StagedMove, rename: Rename, sync: Sync): Promise<void> {
  const { target, staged, safety } = move
  if (await isOurs(move, target)) {
    await mkdir(dirname(staged), { recursive: true, mode: 0o700 })
    await rename(at(target, ''), at(staged, ''))
  }
  if (!(await statOf(safety))) return
  if (await statOf(target)) throw replaced(target, safety)
  await rename(at(safety, ''), at(target, ''))
  await sync(dirname(target))
}

async function isOurs({ identity }: StagedMove, path: string): Promise<boolean> {
  const found = await statOf(path)
  return found !== undefined && identityOf(found) === identity
}

async function hasSafetyCopy({ kind, safety }: StagedMove): Promise<boolean> {
  if (!(await statOf(safety))) return false
  return kind === 'path' || (await entriesIn(at(safety, ''))).length > 1
}

const gone = ({ target, staged }: StagedMove): HoldfastError =>
  new HoldfastError('restore.conflict', `What was staged for ${target} is not at ${staged} any more.`, {
    hint: 'Find out what removed or replaced it, then start the restore again.',
  })
