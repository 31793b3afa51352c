import { HoldfastError } from '../../../core/errors.js'
import { nearest } from '../../../core/suggest.js'
import type { PostgresSource } from '../../../schemas/sources.js'
import type { SourceContext } from '../driver.js'
import { listDatabases, unreadableIn } from './describe.js'
import { databaseOf, homesOf, SERVER_HOMES } from './read.js'
import { connect, type Server } from './server.js'

export async function preflightPostgres(source: PostgresSource, context: SourceContext): Promise<void> {
  const server = await connect(source, context, homesOf(source)).catch(async (error: unknown) => {
    if (error instanceof HoldfastError && error.code === 'database.not-found') {
      throw await databaseMissing(source, context, error)
    }
    throw error
  })
  await server.tool('pg_dump')
  if (source.databases === 'all') await server.tool('pg_dumpall')
  const databases = source.databases === 'all' ? await listDatabases(server) : [databaseOf(source)]
  for (const database of databases) await checkReadable(server, database)
}

async function checkReadable(server: Server, database: string): Promise<void> {
  const unreadable = await unreadableIn(server, database)
  if (unreadable === undefined) return
  throw new HoldfastError(
    'database.denied',
    `${server.name}: user "${server.facts.user}" may not read ${unreadable} of database "${database}".`,
    {
      hint: `GRANT pg_read_all_data TO "${server.facts.user}"; (PostgreSQL 14 and later), or take a superuser.`,
    },
  )
}

const MAX_NAMED = 8

async function databaseMissing(
  source: PostgresSource,
  context: SourceContext,
  cause: HoldfastError,
): Promise<HoldfastError> {
  const wanted = databaseOf(source)
  // Only for a better hint: what fails here is not what is wrong.
  const others = await connect(source, context, SERVER_HOMES).then(listDatabases, () => [])
  const meant = nearest(wanted, others)
  const named = others.slice(0, MAX_NAMED).map((name) => `"${name}"`)
  const there = `It has ${named.join(', ')}${others.length > MAX_NAMED ? ' and more' : ''}.`
  return new HoldfastError('database.not-found', `Database "${wanted}" does not exist.`, {
    hint:
      meant !== undefined
        ? `Did you mean "${meant}"?`
        : others.length > 0
          ? `Correct \`database\` of source "${context.sourceName}". ${there}`
          : `Correct \`database\` of source "${context.sourceName}".`,
    cause,
  })
}
