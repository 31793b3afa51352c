import { open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import type { Swapped } from '../driver.js'
import { SIDECARS } from './read.js'
import { removeDatabase } from './restore.js'

/** What a swap does to the disk; tests stop it half-way. */
export interface Renamer {
  rename(from: string, to: string): Promise<void>
}

const disk: Renamer = { rename }

/**
 * Puts each staged file in its place. The old WAL and journal move away *first*: beside the restored file, SQLite would play
 * them back into it. Every step can be the last one of a killed worker; the next call goes on from there.
 */
export async function swapFiles(moves: readonly StagedMove[], renamer: Renamer = disk): Promise<Swapped> {
  const safetyCopies: string[] = []
  for (const move of moves) {
    await swapFile(move, renamer)
    if (await isThere(move.safety)) safetyCopies.push(`the old ${move.target} is ${move.safety} now`)
  }
  return { safetyCopies, restored: moves.map(({ target }) => target), kept: await keptFiles(moves) }
}

export async function keptFiles(moves: readonly StagedMove[]): Promise<readonly string[]> {
  const kept: string[] = []
  for (const { safety } of moves) if (await isThere(safety)) kept.push(safety)
  return kept
}

async function swapFile(move: StagedMove, renamer: Renamer): Promise<void> {
  const { target, staged, safety } = move
  if (!(await isThere(staged))) {
    if (await isRestored(move)) return
    throw new HoldfastError(
      'restore.failed',
      `The restored file ${staged} is gone, and is not at ${target} either.`,
      { hint: 'Find out what moved or replaced it, then restore again.' },
    )
  }
  for (const sidecar of SIDECARS) await moveAway(target + sidecar, safety + sidecar, renamer)
  await moveAway(target, safety, renamer)
  await renamer.rename(staged, target)
  await synchroniseFolder(dirname(target))
}

/** What is not there is success; what was kept before is never overwritten. */
async function moveAway(from: string, to: string, renamer: Renamer): Promise<void> {
  if (!(await isThere(from))) return
  if (await isThere(to)) {
    throw new HoldfastError(
      'restore.conflict',
      `${from} cannot be kept as ${to}, since there is such a file.`,
      {
        hint: 'Something opened the database meanwhile: hold the service that uses it, move the file away, and restore again.',
      },
    )
  }
  await renamer.rename(from, to)
}

/** Brings the old files back as far as they were moved, then removes what was staged. Removes nothing else. */
export async function discardFiles(moves: readonly StagedMove[], renamer: Renamer = disk): Promise<void> {
  for (const move of moves.toReversed()) {
    await takeBack(move, renamer)
    await removeDatabase(move.staged)
    if (await isThere(dirname(move.target))) await synchroniseFolder(dirname(move.target))
  }
}

async function takeBack(move: StagedMove, renamer: Renamer): Promise<void> {
  const { target, staged, safety } = move
  const isSwapped = !(await isThere(staged)) && (await isRestored(move))
  if (isSwapped) {
    // What was written since belongs to the restored database and goes with it.
    for (const sidecar of SIDECARS) await moveAway(target + sidecar, staged + sidecar, renamer)
    await renamer.rename(target, staged)
  }
  // The database first: where another one took its place meanwhile, its WAL must not come to lie beside that.
  for (const name of ['', ...SIDECARS]) await moveAway(safety + name, target + name, renamer)
}

/** Whether the file in place is the one that was staged, and not just any. */
const isRestored = async ({ target, identity }: StagedMove): Promise<boolean> =>
  identity !== undefined && (await inodeOf(target)) === identity

const isThere = async (path: string): Promise<boolean> => (await inodeOf(path)) !== undefined

const inodeOf = (path: string): Promise<string | undefined> =>
  stat(path, { bigint: true }).then(
    ({ ino }) => String(ino),
    () => undefined,
  )

/** A rename is durable only with its folder. */
async function synchroniseFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
