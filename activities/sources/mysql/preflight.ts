import { HoldfastError } from '../../../core/errors.js'
import { nearest } from '../../../core/suggest.js'
import type { MysqlSource } from '../../../schemas/sources.js'
import type { SourceContext } from '../driver.js'
import { listDatabases } from './describe.js'
import { grantStatements, missingToDump, type MissingRight } from './grants.js'
import { databaseOf } from './read.js'
import { connect, type Server } from './server.js'

export async function preflightMysql(source: MysqlSource, context: SourceContext): Promise<void> {
  const server = await connect(source, context)
  await server.dumpTool()
  const wanted = source.databases === 'all' ? 'all' : [databaseOf(source)]
  const { flavour } = server.facts
  const missing = missingToDump(await grantsOf(server), { databases: wanted, flavour })
  if (missing.length > 0) throw denied(server, missing, 'dumping')
  if (source.databases === 'all') return
  const there = await listDatabases(server)
  if (!there.includes(databaseOf(source))) throw databaseMissing(databaseOf(source), there, context)
}

export const grantsOf = async (server: Server): Promise<string[]> =>
  (await server.rows({ sql: 'SHOW GRANTS', work: 'asking for its rights' })).map(([line = '']) => line)

export const denied = (
  { name, facts }: Server,
  missing: readonly MissingRight[],
  work: string,
): HoldfastError => {
  const listed = missing.map(({ privilege, scope }) => `${privilege} on ${scope}`).join(', ')
  return new HoldfastError(
    'database.denied',
    `${name}: account "${facts.account}" lacks rights for ${work}: ${listed}.`,
    {
      hint: `Let an administrator run: ${grantStatements(missing, facts.account)}`,
      details: { missing: missing.map(({ privilege }) => privilege) },
    },
  )
}

const MAX_NAMED = 8

function databaseMissing(wanted: string, there: readonly string[], context: SourceContext): HoldfastError {
  const meant = nearest(wanted, there)
  const named = there.slice(0, MAX_NAMED).map((name) => `"${name}"`)
  const list =
    named.length === 0 ? '' : ` It has ${named.join(', ')}${there.length > MAX_NAMED ? ' and more' : ''}.`
  return new HoldfastError('database.not-found', `Database "${wanted}" does not exist.`, {
    hint:
      meant !== undefined
        ? `Did you mean "${meant}"?`
        : `Correct \`database\` of source "${context.sourceName}".${list}`,
  })
}
