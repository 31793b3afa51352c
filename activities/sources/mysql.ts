import type { SourceDriver } from './driver.js'
import { inspectMysql } from './mysql/inspect.js'
import { preflightMysql } from './mysql/preflight.js'
import { previewMysql } from './mysql/preview.js'
import { readMysql } from './mysql/read.js'
import { forgetMysql, rehearseMysql } from './mysql/rehearse.js'
import { stageMysql } from './mysql/stage.js'
import { discardMysql, keptMysql, swapMysql } from './mysql/swap.js'

/**
 * MySQL and MariaDB through their own programs: inside the container of the server, or on this host over a connection.
 * Restores only into databases that are not there: nothing is replaced, so nothing is put aside.
 */
export const mysql: SourceDriver<'mysql'> = {
  preflight: preflightMysql,
  read: readMysql,
  preview: previewMysql,
  stage: stageMysql,
  rehearse: rehearseMysql,
  forget: forgetMysql,
  swap: swapMysql,
  kept: keptMysql,
  inspect: (_, object, objects, context) => inspectMysql(object, objects, context),
  discard: discardMysql,
}
