import type { PostgresSource } from '../../../schemas/sources.js'
import type { ObjectSink, ReadResult, SourceContext } from '../driver.js'
import { partName } from '../part-name.js'
import { describeDatabase, listDatabases, recordHint, type DatabaseRecord } from './describe.js'
import { connect, type Server } from './server.js'
import { wholeDump } from '../whole-dump.js'

/** A dump waits for its locks at most this long: an open ALTER TABLE must not hold up a run for ever. */
const LOCK_TIMEOUT_MS = 5 * 60_000

export const SERVER_HOMES = ['postgres', 'template1'] as const

export async function readPostgres(
  source: PostgresSource,
  sink: ObjectSink,
  context: SourceContext,
): Promise<ReadResult> {
  const server = await connect(source, context, homesOf(source))
  const databases = source.databases === 'all' ? await listDatabases(server) : [databaseOf(source)]
  const records = new Map<string | undefined, DatabaseRecord>()
  const globals = source.databases === 'all' ? await readGlobals(server, sink) : undefined
  const pgDump = await server.tool('pg_dump')

  for (const database of databases) {
    const part = source.databases === 'all' ? partName(database) : undefined
    // Described first: what is dropped meanwhile fails the dump, and what is created meanwhile has no dump.
    records.set(part, await describeDatabase(server, database))
    const kind = source.dump === 'plain' ? 'sql' : 'dump'
    const format = source.dump ?? 'custom'
    const body = server.stream({
      tool: pgDump,
      database,
      arguments: [
        ...(format === 'custom' ? ['--format=custom', '--compress=0'] : ['--format=plain']),
        ...['--no-password', `--lock-wait-timeout=${LOCK_TIMEOUT_MS}`],
      ],
      work: `dumping database "${database}"`,
      otherwise: 'source.failed',
    })
    await sink.store(
      { kind, ...(part === undefined ? {} : { part }) },
      wholeDump(body, format, `database "${database}"`),
    )
  }
  return resultOf(server, { records, globals, pgDump: pgDump.version })
}

/** The plan says either `database` or `databases: all`. */
export const databaseOf = (source: PostgresSource): string => source.database ?? 'postgres'

/** For one database it is enough to be let into that one. */
export const homesOf = (source: PostgresSource): readonly string[] =>
  source.databases === 'all' ? SERVER_HOMES : [databaseOf(source)]

/** Roles and tablespaces. Only a superuser sees passwords. */
async function readGlobals(
  server: Server,
  sink: ObjectSink,
): Promise<'with passwords' | 'without passwords'> {
  const hasPasswords = server.facts.isSuperuser
  const body = server.stream({
    tool: await server.tool('pg_dumpall'),
    database: server.home(),
    arguments: ['--globals-only', '--no-password', ...(hasPasswords ? [] : ['--no-role-passwords'])],
    work: 'dumping roles and tablespaces',
    otherwise: 'source.failed',
  })
  await sink.store({ kind: 'globals.sql' }, wholeDump(body, 'globals', 'roles and tablespaces'))
  return hasPasswords ? 'with passwords' : 'without passwords'
}

function resultOf(
  server: Server,
  what: {
    records: ReadonlyMap<string | undefined, DatabaseRecord>
    globals: string | undefined
    pgDump: string
  },
): ReadResult {
  const records = [...what.records.values()]
  const [only] = records
  return {
    counts: {
      databases: records.length,
      tables: records.reduce((sum, { tables }) => sum + tables, 0),
    },
    notCaptured: [],
    hints: {
      serverVersion: server.facts.version,
      ...(records.length === 1 && only ? { owner: only.owner, encoding: only.encoding } : {}),
      ...(what.globals === undefined ? {} : { globals: what.globals }),
      ...Object.fromEntries(
        [...what.records].map(([part, record]) => [recordHint(part), JSON.stringify(record)]),
      ),
    },
    tools: { pg_dump: what.pgDump },
  }
}
