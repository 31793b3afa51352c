import { findDatabases } from './describe.js'
import { identifier, literal } from './quote.js'
import type { Server } from './server.js'

/** Drops a database of ours with its sessions. One that is not there is success. */
export async function dropDatabase(server: Server, name: string): Promise<void> {
  const existing = await findDatabases(server, [name])
  if (!(name in existing)) return
  const force = server.facts.major >= 13 ? ' WITH (FORCE)' : ''
  await server.execute({
    database: server.home([name]),
    sql: [
      // A template cannot be dropped.
      `ALTER DATABASE ${identifier(name)} IS_TEMPLATE false;`,
      endSessions([name]),
      `DROP DATABASE IF EXISTS ${identifier(name)}${force};`,
    ].join('\n'),
    work: `dropping database "${name}"`,
  })
}

export const endSessions = (databases: readonly string[]): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
   WHERE datname IN (${databases.map(literal).join(', ')}) AND pid <> pg_backend_pid()
     AND backend_type IN ('client backend', 'walsender');`
