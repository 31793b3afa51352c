import type { NotCaptured } from '../../../core/backup.js'
import type { MysqlSource } from '../../../schemas/sources.js'
import type { ObjectSink, ReadResult, SourceContext } from '../driver.js'
import { partName } from '../part-name.js'
import { isOwnName } from '../staged-names.js'
import { wholeDump } from '../whole-dump.js'
import {
  describeDatabase,
  listDatabases,
  recordHint,
  type DatabaseCounts,
  type DatabaseRecord,
} from './describe.js'
import { connect, type Server } from './server.js'
import type { Flavour } from './tools.js'
import { changedBetween, observeUnsafeTables } from './unsafe-tables.js'

export async function readMysql(
  source: MysqlSource,
  sink: ObjectSink,
  context: SourceContext,
): Promise<ReadResult> {
  const server = await connect(source, context)
  const isWhole = source.databases === 'all'
  const databases = isWhole
    ? (await listDatabases(server)).filter((name) => !isOwnName(name))
    : [databaseOf(source)]
  const tool = await server.dumpTool()
  const records = new Map<string | undefined, DatabaseRecord>()
  const notCaptured: NotCaptured[] = []

  for (const database of databases) {
    const part = isWhole ? partName(database) : undefined
    records.set(part, await describeDatabase(server, database))
    const before = await observeUnsafeTables(server, database)
    const body = server.dump(tool, dumpArguments(database, tool.flavour), `dumping database "${database}"`)
    await sink.store(
      { kind: 'sql', ...(part === undefined ? {} : { part }) },
      wholeDump(body, 'mysql', `database "${database}"`),
    )
    notCaptured.push(...changedBetween(before, await observeUnsafeTables(server, database), database))
  }
  return {
    counts: { databases: records.size, ...totalOf([...records.values()]) },
    notCaptured,
    hints: hintsOf(server, records),
    tools: { [tool.program]: tool.version },
  }
}

/** The plan says either `database` or `databases: all`. */
export const databaseOf = (source: MysqlSource): string => source.database ?? 'mysql'

/** One snapshot of all tables with transactions, without locks; with everything that belongs to the database. Pure. */
const dumpArguments = (database: string, flavour: Flavour): readonly string[] => [
  ...['--single-transaction', '--quick', '--skip-lock-tables', '--routines', '--triggers', '--events'],
  ...['--hex-blob', '--default-character-set=utf8mb4', '--tz-utc', '--no-tablespaces'],
  // A dump that sets the replication state of its server could be restored nowhere else.
  ...(flavour === 'MySQL' ? ['--set-gtid-purged=OFF'] : []),
  // Whatever the name begins with.
  ...['--', database],
]

function totalOf(records: readonly DatabaseRecord[]): DatabaseCounts {
  const sum = (what: keyof DatabaseCounts) => records.reduce((total, { counts }) => total + counts[what], 0)
  return {
    ...{ tables: sum('tables'), views: sum('views'), triggers: sum('triggers') },
    ...{ routines: sum('routines'), events: sum('events') },
  }
}

const hintsOf = (
  { facts }: Server,
  records: ReadonlyMap<string | undefined, DatabaseRecord>,
): Readonly<Record<string, string>> => ({
  serverVersion: facts.version,
  serverFamily: facts.flavour,
  accounts: 'not captured',
  ...Object.fromEntries([...records].map(([part, record]) => [recordHint(part), JSON.stringify(record)])),
})
