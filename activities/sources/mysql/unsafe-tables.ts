import type { NotCaptured } from '../../../core/backup.js'
import { isIn } from './describe.js'
import type { Server } from './server.js'

/** Tables of engines without transactions, as they were at one moment; each with all that tells whether it was written to. */
export interface UnsafeTables {
  /** By the server's clock and time zone: `2026-03-01 09:00:00`. */
  readonly at: string
  readonly tables: ReadonlyMap<string, { readonly updatedAt: string; readonly facts: string }>
}

/**
 * No snapshot holds these still (MyISAM, Aria): what is written to them while they are dumped is not consistent with the rest.
 * So they are looked at before and after.
 */
export async function observeUnsafeTables(server: Server, database: string): Promise<UnsafeTables> {
  const work = `looking at tables without transactions in database "${database}"`
  const rows = await server.rows({
    // MySQL 8 would answer with what it saw a day ago; MariaDB leaves out comments of these versions.
    sql: `/*!80000 SET SESSION information_schema_stats_expiry = 0 */;
      SELECT '', NOW(), '' UNION ALL
      SELECT t.table_name, COALESCE(t.update_time, ''),
        CONCAT_WS(' ', t.table_rows, t.data_length, t.index_length, t.auto_increment, t.checksum)
      FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine
      WHERE COALESCE(e.transactions, 'NO') <> 'YES' AND t.table_type = 'BASE TABLE' AND ${isIn('t.table_schema', database)}`,
    work,
  })
  const [now, ...tables] = rows
  return {
    at: now?.[1] ?? '',
    tables: new Map(tables.map(([name = '', updatedAt = '', facts = '']) => [name, { updatedAt, facts }])),
  }
}

/**
 * Those that were, or may have been, written to between the two looks. Times have whole seconds: a write within the second of
 * the first look counts as one. Pure.
 */
export function changedBetween(
  before: UnsafeTables,
  after: UnsafeTables,
  database: string,
): readonly NotCaptured[] {
  return [...after.tables]
    .filter(([name, { updatedAt, facts }]) => {
      const earlier = before.tables.get(name)
      return earlier?.facts !== facts || earlier.updatedAt !== updatedAt || updatedAt >= before.at
    })
    .map(([name]) => ({ path: `${database}.${name}`, cause: 'changed' as const }))
}
