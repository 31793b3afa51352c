import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import type { ObjectReader, RestoreTarget, SourceContext } from '../driver.js'
import { feedOf } from '../feed.js'
import { countIn, type DatabaseCounts } from './describe.js'
import { identityOf } from './identity.js'
import { createMarked, dropUnfinished } from './marker.js'
import { checkRestorable } from './preview.js'
import { planRestore, type DatabaseRestore, type RestorePlan } from './restore-plan.js'
import { connect, type Server } from './server.js'

/** Long enough to drop a database; a cancelled restore must not leave it, nor hang on it. */
const CLEAN_UP_MS = 60_000

export async function stageMysql(
  item: Item,
  target: RestoreTarget,
  objects: ObjectReader,
  context: SourceContext,
): Promise<readonly StagedMove[]> {
  const plan = planRestore(item, target)
  const server = await connect(plan.source, context)
  await checkRestorable(plan, server)
  const moves: StagedMove[] = []
  try {
    for (const database of plan.databases) {
      await stageDatabase(database, { objects, server, context })
      const { target: name, marker, safety } = database
      const identity = await identityOf(server, name)
      const source = { name: item.source, source: plan.source }
      moves.push({ kind: 'database', target: name, staged: marker, safety, identity, source })
    }
    return moves
  } catch (error) {
    await dropAll(plan, context)
    throw error
  }
}

/** Whatever ended the restore, what it made is removed, with a signal of its own. */
async function dropAll(plan: RestorePlan, context: SourceContext): Promise<void> {
  const cleaning = { ...context, signal: AbortSignal.timeout(CLEAN_UP_MS) }
  try {
    const server = await connect(plan.source, cleaning)
    for (const { target, marker } of plan.databases) await dropUnfinished(server, target, marker)
  } catch {
    // The first error tells more than this one. The marker tells the next try what to drop.
  }
}

interface Staging {
  readonly objects: ObjectReader
  readonly server: Server
  readonly context: SourceContext
}

async function stageDatabase(database: DatabaseRestore, staging: Staging): Promise<void> {
  const { target, marker, record } = database
  const { server } = staging
  // Left by a try that was killed: never complete, never in use.
  await dropUnfinished(server, target, marker)
  const options = `CHARACTER SET ${record.characterSet} COLLATE ${record.collation}`
  await createMarked(server, { target, marker, options })
  await load(database, staging)
  requireSame(record.counts, await countIn(server, target), target)
}

async function load(database: DatabaseRestore, { objects, server, context }: Staging): Promise<void> {
  const { object, target, record } = database
  const feed = feedOf(objects.open(object))
  try {
    await server.load(target, feed.stream, `restoring database "${record.name}"`)
  } catch (error) {
    // The client chokes on damaged bytes before their end tells so: the damage is what people must know.
    if (!feed.isWhole() && !context.signal.aborted) await readToTheEnd(objects, database)
    throw error
  }
  if (feed.isWhole()) return
  await readToTheEnd(objects, database)
  throw new HoldfastError('restore.failed', `The client stopped before the end of the dump "${object.name}".`)
}

async function readToTheEnd(objects: ObjectReader, { object }: DatabaseRestore): Promise<void> {
  for await (const _ of objects.open(object)) void _
}

/** The client passes over what this server takes for a comment: whether all came is counted. */
function requireSame(recorded: DatabaseCounts, restored: DatabaseCounts, database: string): void {
  const names = ['tables', 'views', 'triggers', 'routines', 'events'] as const
  const different = names.filter((what) => recorded[what] !== restored[what])
  if (different.length === 0) return
  const listed = different.map((what) => `${restored[what]} of ${recorded[what]} ${what}`).join(', ')
  throw new HoldfastError(
    'restore.failed',
    `Of the dump of "${database}" only this was restored: ${listed}.`,
    {
      hint: 'Restore into a server that is not older than the one that was dumped.',
    },
  )
}
