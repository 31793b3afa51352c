import { createHash } from 'node:crypto'
import { isIn } from './describe.js'
import type { Server } from './server.js'

/**
 * Tells a database from whatever else bears its name later: MySQL gives databases no number of their own, so its tables are
 * taken, each with the time of its making. Another definition of a table makes it another database.
 */
export async function identityOf(server: Server, database: string): Promise<string> {
  const rows = await server.rows({
    sql: `SELECT table_name, COALESCE(create_time, '') FROM information_schema.tables
          WHERE table_type NOT LIKE '%VIEW' AND ${isIn('table_schema', database)} ORDER BY CAST(table_name AS BINARY)`,
    work: `looking at database "${database}"`,
  })
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
}
