import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import type { SourceContext, Swapped } from '../driver.js'
import { listDatabases } from './describe.js'
import { identityOf } from './identity.js'
import { dropDatabase, dropMarker, dropUnfinished, isOursUnfinished } from './marker.js'
import { connect, type Server } from './server.js'

/** The database stands in its place since it was staged; what says that it is not whole goes. */
export async function swapMysql(moves: readonly StagedMove[], context: SourceContext): Promise<Swapped> {
  const restored: string[] = []
  for (const move of moves) {
    const server = await serverOf(move, context)
    if (!(await listDatabases(server)).includes(move.target)) throw gone(server, move)
    await dropMarker(server, move.staged)
    restored.push(`database "${move.target}" of ${server.name}`)
  }
  return { safetyCopies: [], restored, kept: [] }
}

/** Nothing is ever replaced. */
export const keptMysql = async (): Promise<readonly string[]> => []

export async function discardMysql(moves: readonly StagedMove[], context: SourceContext): Promise<void> {
  for (const move of moves.toReversed()) {
    const server = await serverOf(move, context)
    if (await isOursUnfinished(server, move.staged)) {
      await dropUnfinished(server, move.target, move.staged)
    } else if ((await listDatabases(server)).includes(move.target)) {
      if ((await identityOf(server, move.target)) !== move.identity) throw changed(server, move)
      await dropDatabase(server, move.target)
    }
  }
}

async function serverOf(move: StagedMove, context: SourceContext): Promise<Server> {
  const source = move.source?.source
  if (source?.type !== 'mysql') {
    throw new HoldfastError('restore.failed', `It is not recorded on which server "${move.target}" is.`)
  }
  return connect(source, context)
}

const gone = (server: Server, { target }: StagedMove): HoldfastError =>
  new HoldfastError('restore.failed', `${server.name} no longer has the restored database "${target}".`, {
    hint: 'Find out who drops databases there, then restore again.',
  })

const changed = (server: Server, { target }: StagedMove): HoldfastError =>
  new HoldfastError(
    'restore.conflict',
    `${server.name}: the tables of database "${target}" are not those that were restored; it stays.`,
    { hint: `If it is not needed: DROP DATABASE there, by hand.` },
  )
