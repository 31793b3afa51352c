import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import type { SourceContext, Swapped } from '../driver.js'
import { findDatabases } from './describe.js'
import { dropDatabase, endSessions } from './drop.js'
import { identifier } from './quote.js'
import { SERVER_HOMES } from './read.js'
import { connect, type Server } from './server.js'

/** Somebody may connect between the end of the sessions and the rename; each try takes up to 5 s on the server. */
const MAX_RENAME_TRIES = 5

/** Identities of the databases that bear the names of a move now. */
export interface Present {
  readonly target?: string
  readonly staged?: string
  readonly safety?: string
}

/** `renames`: all in one transaction. `drop`: afterwards. */
export interface SwapStep {
  readonly renames: readonly { readonly from: string; readonly to: string }[]
  readonly drop?: string
}

/** What is left to do to put the staged database in its place; `taken` names what stands in the way. Pure. */
export function decideSwap(move: StagedMove, present: Present): SwapStep | 'gone' | 'taken' {
  if (isOurs(move, present.target)) return { renames: [] }
  if (!isOurs(move, present.staged)) return 'gone'
  if (present.target === undefined) return { renames: [{ from: move.staged, to: move.target }] }
  if (present.safety !== undefined) return 'taken'
  return {
    renames: [
      { from: move.target, to: move.safety },
      { from: move.staged, to: move.target },
    ],
  }
}

/**
 * What brings the old database back and removes the staged one, as far as either is needed; `replaced`: somebody else's database
 * stands where the old one belongs. Drops nothing but what was staged. Pure.
 */
export function decideDiscard(move: StagedMove, present: Present): SwapStep | 'replaced' {
  if (isOurs(move, present.target)) {
    return {
      renames: [
        { from: move.target, to: move.staged },
        ...(present.safety === undefined ? [] : [{ from: move.safety, to: move.target }]),
      ],
      drop: move.staged,
    }
  }
  if (present.safety !== undefined) return 'replaced'
  return { renames: [], ...(isOurs(move, present.staged) ? { drop: move.staged } : {}) }
}

/** By identity, not by name: what bears the name may be somebody else's by now. */
const isOurs = (move: StagedMove, identity: string | undefined): boolean =>
  identity !== undefined && identity === move.identity

export async function swapPostgres(moves: readonly StagedMove[], context: SourceContext): Promise<Swapped> {
  const safetyCopies: string[] = []
  const kept: string[] = []
  const restored: string[] = []
  for (const move of moves) {
    const server = await serverOf(move, context)
    const step = decideSwap(move, await presentOf(server, move))
    if (step === 'gone') throw stagedGone(server, move)
    if (step === 'taken') throw safetyTaken(server, move)
    await rename(server, step)
    restored.push(`database "${move.target}" of ${server.name}`)
    if ((await presentOf(server, move)).safety !== undefined) {
      kept.push(move.safety)
      safetyCopies.push(
        `the old database "${move.target}" is "${move.safety}" now; when it is no longer needed: DROP DATABASE ${identifier(move.safety)};`,
      )
    }
  }
  return { safetyCopies, restored, kept }
}

export async function keptPostgres(
  moves: readonly StagedMove[],
  context: SourceContext,
): Promise<readonly string[]> {
  const kept: string[] = []
  for (const move of moves) {
    const { safety } = await presentOf(await serverOf(move, context), move)
    if (safety !== undefined) kept.push(move.safety)
  }
  return kept
}

export async function discardPostgres(moves: readonly StagedMove[], context: SourceContext): Promise<void> {
  // The last swapped first, as in any undoing.
  for (const move of moves.toReversed()) {
    const server = await serverOf(move, context)
    const step = decideDiscard(move, await presentOf(server, move))
    if (step === 'replaced') throw replaced(server, move)
    await rename(server, step)
    if (step.drop !== undefined) await dropDatabase(server, step.drop)
  }
}

async function serverOf(move: StagedMove, context: SourceContext): Promise<Server> {
  const source = move.source?.source
  if (source?.type !== 'postgres') {
    throw new HoldfastError('restore.failed', `It is not recorded on which server "${move.staged}" is.`)
  }
  return connect(source, context, SERVER_HOMES)
}

async function presentOf(server: Server, { target, staged, safety }: StagedMove): Promise<Present> {
  const found = await findDatabases(server, [target, staged, safety])
  const { [target]: targetIdentity, [staged]: stagedIdentity, [safety]: safetyIdentity } = found
  return {
    ...(targetIdentity === undefined ? {} : { target: targetIdentity }),
    ...(stagedIdentity === undefined ? {} : { staged: stagedIdentity }),
    ...(safetyIdentity === undefined ? {} : { safety: safetyIdentity }),
  }
}

async function rename(server: Server, { renames }: SwapStep): Promise<void> {
  if (renames.length === 0) return
  const involved = renames.flatMap(({ from, to }) => [from, to])
  const statements = renames.map(
    ({ from, to }) => `ALTER DATABASE ${identifier(from)} RENAME TO ${identifier(to)};`,
  )
  for (let tried = 1; ; tried++) {
    try {
      return await server.execute({
        database: server.home(involved),
        sql: ['BEGIN;', endSessions(involved), ...statements, 'COMMIT;'].join('\n'),
        work: `renaming database "${renames[0]?.from}" to "${renames[0]?.to}"`,
      })
    } catch (error) {
      const isBusy = error instanceof HoldfastError && error.code === 'database.conflict'
      if (!isBusy || tried === MAX_RENAME_TRIES) throw error
    }
  }
}

const stagedGone = (server: Server, { staged }: StagedMove): HoldfastError =>
  new HoldfastError('restore.failed', `${server.name} no longer has the restored database "${staged}".`, {
    hint: 'The old data is untouched. Restore again.',
  })

const safetyTaken = (server: Server, { safety, target }: StagedMove): HoldfastError =>
  new HoldfastError(
    'restore.conflict',
    `${server.name}: "${target}" cannot be kept as "${safety}", since there is such a database.`,
    { hint: `Rename or drop "${safety}", then restore again.` },
  )

const replaced = (server: Server, { target, safety }: StagedMove): HoldfastError =>
  new HoldfastError(
    'restore.conflict',
    `${server.name}: the old database "${safety}" cannot become "${target}" again: another one took that name.`,
    { hint: `Look at both; rename "${safety}" back by hand, or drop the one that is not needed.` },
  )
