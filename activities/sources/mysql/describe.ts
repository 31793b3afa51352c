import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { literal } from './quote.js'
import type { Server } from './server.js'

/** What a dump does not say of its database, and what it must hold: a restore is compared with it. */
export interface DatabaseRecord {
  readonly name: string
  readonly characterSet: string
  readonly collation: string
  readonly counts: DatabaseCounts
}

export interface DatabaseCounts {
  /** Sequences of MariaDB included. */
  readonly tables: number
  readonly views: number
  readonly triggers: number
  readonly routines: number
  readonly events: number
}

const OF_THE_SERVER: ReadonlySet<string> = new Set([
  ...['information_schema', 'performance_schema', 'mysql', 'sys'],
])

/** Every database that this account may see, without those of the server itself. */
export async function listDatabases(server: Server): Promise<string[]> {
  const rows = await server.rows({
    sql: 'SELECT schema_name FROM information_schema.schemata ORDER BY schema_name',
    work: 'listing its databases',
  })
  return rows.flatMap(([name = '']) => (OF_THE_SERVER.has(name.toLowerCase()) ? [] : [name]))
}

/** Fails with `database.not-found` when it is not there, or not to be seen. */
export async function describeDatabase(server: Server, name: string): Promise<DatabaseRecord> {
  const work = `describing database "${name}"`
  const [row] = await server.rows({
    sql: `SELECT default_character_set_name, default_collation_name
          FROM information_schema.schemata WHERE ${isIn('schema_name', name)}`,
    work,
  })
  const [characterSet, collation] = row ?? []
  if (characterSet === undefined || collation === undefined) {
    throw new HoldfastError('database.not-found', `${server.name} has no database "${name}".`, {
      hint: 'Correct `database` of the source.',
    })
  }
  return { name, characterSet, collation, counts: await countIn(server, name) }
}

const COUNTED: Readonly<Record<keyof DatabaseCounts, (database: string) => string>> = {
  tables: (name) => `tables WHERE table_type NOT LIKE '%VIEW' AND ${isIn('table_schema', name)}`,
  views: (name) => `tables WHERE table_type LIKE '%VIEW' AND ${isIn('table_schema', name)}`,
  triggers: (name) => `triggers WHERE ${isIn('trigger_schema', name)}`,
  routines: (name) => `routines WHERE ${isIn('routine_schema', name)}`,
  events: (name) => `events WHERE ${isIn('event_schema', name)}`,
}

export async function countIn(server: Server, database: string): Promise<DatabaseCounts> {
  const parts = Object.entries(COUNTED).map(
    ([what, from]) => `SELECT '${what}', COUNT(*) FROM information_schema.${from(database)}`,
  )
  const rows = await server.rows({
    sql: parts.join(' UNION ALL '),
    work: `counting in database "${database}"`,
  })
  const counts = Object.fromEntries(rows.map(([what = '', count = '0']) => [what, Number(count)]))
  const { tables = 0, views = 0, triggers = 0, routines = 0, events = 0 } = counts
  return { tables, views, triggers, routines, events }
}

/** The first comparison spares the server the look into all databases, the second tells upper from lower case. */
export const isIn = (column: string, database: string): string =>
  `${column} = ${literal(database)} AND CAST(${column} AS BINARY) = CAST(${literal(database)} AS BINARY)`

/** Where the record of an object's database is among the hints of its item. */
export const recordHint = (part: string | undefined): string =>
  part === undefined ? 'database' : `database.${part}`

export function recordOf(item: Item, object: StoredObject): DatabaseRecord {
  const hint = item.hints[recordHint(object.part)]
  if (hint === undefined) {
    throw new HoldfastError(
      'backup.corrupt',
      `The manifest does not say which database "${object.name}" is.`,
      { hint: 'Restore it by hand: docs/restore.md says how.' },
    )
  }
  return JSON.parse(hint) as DatabaseRecord
}
