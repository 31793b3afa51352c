import type { SourceDriver } from './driver.js'
import { inspectSqlite } from './sqlite/inspect.js'
import { preflightSqlite, readSqlite } from './sqlite/read.js'
import { rehearseSqlite } from './sqlite/rehearse.js'
import { previewSqlite, stageSqlite } from './sqlite/restore.js'
import { discardFiles, keptFiles, swapFiles } from './sqlite/swap.js'

/** SQLite files of this host, copied by SQLite itself while others use them. */
export const sqlite: SourceDriver<'sqlite'> = {
  preflight: preflightSqlite,
  read: readSqlite,
  preview: previewSqlite,
  stage: stageSqlite,
  inspect: (_, object, objects, context) => inspectSqlite(object, objects, context),
  rehearse: rehearseSqlite,
  forget: async () => undefined,
  swap: (moves) => swapFiles(moves),
  kept: (moves) => keptFiles(moves),
  discard: (moves) => discardFiles(moves),
}
