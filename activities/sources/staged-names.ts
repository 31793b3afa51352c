import { createHash } from 'node:crypto'

/** NAMEDATALEN - 1: PostgreSQL cuts longer names silently, and then two of them may meet. MySQL takes 64 characters. */
export const MAX_NAME_BYTES = 63

/** Six hex digits that stand for one database of one restore: the same again when the restore is repeated. */
const restoreKey = (restoreId: string, database: string): string =>
  createHash('sha256').update(`${restoreId}\0${database}`).digest('hex').slice(0, 6)

/** Where a database is restored to, before it takes its place. */
export const stagedName = (database: string, restoreId: string): string =>
  withSuffix(database, `_holdfast_${restoreKey(restoreId, database)}`)

/** What the database that was there before is called afterwards. */
export const safetyName = (database: string, restoreId: string): string =>
  withSuffix(database, `_holdfast_before_${restoreKey(restoreId, database)}`)

/**
 * Whether a restore or a rehearsal gave a database its name. `databases: all` leaves these out: data that was replaced is no
 * data to back up, and what is staged is gone before its dump is done.
 */
export const isOwnName = (name: string): boolean => /_holdfast_(?:before_)?[0-9a-f]{6}$/.test(name)

function withSuffix(name: string, suffix: string): string {
  let kept = ''
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > MAX_NAME_BYTES - suffix.length) break
    kept += character
  }
  return kept + suffix
}
