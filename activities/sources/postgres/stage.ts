import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import type { StagedMove } from '../../../core/work/restore.js'
import type { ObjectReader, RestoreTarget, SourceContext } from '../driver.js'
import { createStatement, propertyStatements } from './definition.js'
import { findDatabases } from './describe.js'
import { dropDatabase } from './drop.js'
import { feedOf, type Feed } from '../feed.js'
import { readGlobalsText, rolesIn, statementsForMissingRoles } from './globals.js'
import { checkRestorable, existingRoles } from './preview.js'
import { SERVER_HOMES } from './read.js'
import { planRestore, type DatabaseRestore, type RestorePlan } from './restore-plan.js'
import { connect, PSQL, type Server, type ToolCommand } from './server.js'

/** Long enough to drop a database; a cancelled restore must not leave it, nor hang on it. */
const CLEAN_UP_MS = 60_000

export async function stagePostgres(
  item: Item,
  target: RestoreTarget,
  objects: ObjectReader,
  context: SourceContext,
): Promise<readonly StagedMove[]> {
  const plan = planRestore(item, target)
  const server = await connect(plan.source, context, SERVER_HOMES)
  await checkRestorable(plan, server)
  const moves: StagedMove[] = []
  try {
    await createMissingRoles(plan, objects, server)
    for (const database of plan.databases) {
      const identity = await stageDatabase(database, { plan, objects, server, context })
      const { target: name, staged, safety } = database
      const source = { name: item.source, source: plan.source }
      moves.push({ kind: 'database', target: name, staged, safety, identity, source })
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
    const server = await connect(plan.source, cleaning, SERVER_HOMES)
    for (const { staged } of plan.databases) await dropDatabase(server, staged)
  } catch {
    // The first error tells more than this one. The next try begins with the same names and drops them first.
  }
}

async function createMissingRoles(plan: RestorePlan, objects: ObjectReader, server: Server): Promise<void> {
  if (plan.globals === undefined) return
  const globals = await readGlobalsText(objects.open(plan.globals))
  const existing = await existingRoles(server)
  const statements = statementsForMissingRoles(globals, existing)
  if (rolesIn(globals).every((role) => existing.has(role))) return
  await server.execute({
    sql: ['BEGIN;', ...statements, 'COMMIT;'].join('\n'),
    work: 'creating the roles that are missing',
  })
}

interface Staging {
  readonly plan: RestorePlan
  readonly objects: ObjectReader
  readonly server: Server
  readonly context: SourceContext
}

async function stageDatabase(database: DatabaseRestore, staging: Staging): Promise<string> {
  const { server } = staging
  const { staged, safety, record } = database
  // Left by a try that was killed: never complete, never in use.
  await dropDatabase(server, staged)
  const existing = await findDatabases(server, [staged, safety])
  if (safety in existing) throw alreadySwapped(server, safety)
  const home = server.home([database.target])
  const work = `creating database "${staged}"`
  await server.execute({ database: home, sql: createStatement(record, staged, server.facts.major), work })
  await fill(database, staging)
  const properties = propertyStatements(record, staged)
  if (properties.length > 0) {
    const sql = ['BEGIN;', ...properties, 'COMMIT;'].join('\n')
    await server.execute({ database: home, sql, work: `setting what database "${record.name}" was set to` })
  }
  const { [staged]: identity } = await findDatabases(server, [staged])
  if (identity === undefined) throw vanished(server, staged)
  return identity
}

async function fill(database: DatabaseRestore, { plan, objects, server, context }: Staging): Promise<void> {
  const body = objects.open(database.object)
  const feed =
    database.object.kind === 'sql'
      ? // psql takes the end of its input for success, wherever it comes: only our own COMMIT makes it one.
        feedOf(body, { before: 'BEGIN;\n', after: '\nCOMMIT;\n' })
      : feedOf(body)
  try {
    await server.run(await restoreCommand(database, { plan, server, feed }))
  } catch (error) {
    // A tool chokes on damaged bytes before their end tells so: the damage is what people must know.
    if (!feed.isWhole() && !context.signal.aborted) await readToTheEnd(objects, database)
    throw error
  }
  if (feed.isWhole()) return
  await readToTheEnd(objects, database)
  throw new HoldfastError(
    'restore.failed',
    `The tool stopped before the end of the dump "${database.object.name}".`,
  )
}

async function restoreCommand(
  { object, record, staged }: DatabaseRestore,
  { plan, server, feed }: { plan: RestorePlan; server: Server; feed: Feed },
): Promise<ToolCommand> {
  const common = {
    ...{ database: staged, stdin: feed.stream, otherwise: 'restore.failed' as const },
    work: `restoring database "${record.name}"`,
  }
  if (object.kind === 'sql') {
    return { ...common, tool: server.psql, arguments: [...PSQL, '--output=/dev/null', '--file=-'] }
  }
  return {
    ...common,
    tool: await server.tool('pg_restore', Math.max(plan.dumpMajor, server.facts.major)),
    // Not --single-transaction: it needs a lock for every object, more than the server has for a big schema. What is staged is
    // dropped whole on any error.
    arguments: ['--exit-on-error', '--no-password'],
  }
}

async function readToTheEnd(objects: ObjectReader, { object }: DatabaseRestore): Promise<void> {
  for await (const _ of objects.open(object)) void _
}

const alreadySwapped = (server: Server, safety: string): HoldfastError =>
  new HoldfastError(
    'restore.conflict',
    `${server.name} already has a database "${safety}" of this restore.`,
    {
      hint: `Rename or drop it when its data is no longer needed, then restore again.`,
    },
  )

const vanished = (server: Server, staged: string): HoldfastError =>
  new HoldfastError(
    'restore.conflict',
    `${server.name}: database "${staged}" was dropped while it was restored.`,
    {
      hint: 'Find out who drops databases there, then restore again.',
    },
  )
