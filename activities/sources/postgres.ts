import type { SourceDriver } from './driver.js'
import { inspectPostgres } from './postgres/inspect.js'
import { preflightPostgres } from './postgres/preflight.js'
import { previewPostgres } from './postgres/preview.js'
import { readPostgres } from './postgres/read.js'
import { forgetPostgres, rehearsePostgres } from './postgres/rehearse.js'
import { stagePostgres } from './postgres/stage.js'
import { discardPostgres, keptPostgres, swapPostgres } from './postgres/swap.js'

/** PostgreSQL through its own tools: inside the container of the server, or on this host over a connection. */
export const postgres: SourceDriver<'postgres'> = {
  preflight: preflightPostgres,
  read: readPostgres,
  preview: previewPostgres,
  stage: stagePostgres,
  inspect: inspectPostgres,
  rehearse: rehearsePostgres,
  forget: forgetPostgres,
  swap: swapPostgres,
  kept: keptPostgres,
  discard: discardPostgres,
}
