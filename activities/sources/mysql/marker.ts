import { isIn, listDatabases } from './describe.js'
import { identifier } from './quote.js'
import type { Server } from './server.js'

/**
 * While a database is being restored, a second one, named after it and the restore, says that it is ours and not whole. It
 * survives us, so that the next try knows what it may drop: never a database that somebody else made.
 */
const MADE = 'holdfast_made_the_other'

/** Creates the database that nobody else has made. Fails when it exists. */
export async function createMarked(
  server: Server,
  { target, marker, options }: { target: string; marker: string; options: string },
): Promise<void> {
  await server.execute({
    sql: [
      `CREATE DATABASE IF NOT EXISTS ${identifier(marker)};`,
      `CREATE DATABASE ${identifier(target)} ${options};`,
      // In this order: a crash in between leaves an empty database that people drop, not one of theirs that we do.
      `CREATE TABLE ${identifier(marker)}.${MADE} (nothing INT) ENGINE=InnoDB;`,
    ].join('\n'),
    work: `creating database "${target}"`,
  })
}

export async function isOursUnfinished(server: Server, marker: string): Promise<boolean> {
  const rows = await server.rows({
    sql: `SELECT 1 FROM information_schema.tables WHERE table_name = '${MADE}' AND ${isIn('table_schema', marker)}`,
    work: `looking at database "${marker}"`,
  })
  return rows.length > 0
}

/** Drops what an unfinished restore made, and then its marker. Nothing of either is success. */
export async function dropUnfinished(server: Server, target: string, marker: string): Promise<void> {
  if (await isOursUnfinished(server, marker)) await dropDatabase(server, target)
  await dropMarker(server, marker)
}

export async function dropMarker(server: Server, marker: string): Promise<void> {
  if ((await listDatabases(server)).includes(marker)) await dropDatabase(server, marker)
}

export const dropDatabase = (server: Server, name: string): Promise<void> =>
  server.execute({
    sql: `DROP DATABASE IF EXISTS ${identifier(name)};`,
    work: `dropping database "${name}"`,
  })
