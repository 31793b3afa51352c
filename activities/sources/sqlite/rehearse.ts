import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Item } from '../../../core/backup.js'
import type { Counts } from '../../../core/rehearsal.js'
import type { ObjectReader, RehearsalPlace, SourceContext } from '../driver.js'
import { findEngine } from './engine.js'
import { stageSqlite } from './restore.js'

const COPY_NAME = 'counted.sqlite'

/** Lays every database into the folder, checks it whole, and counts its tables as a capture does: by copying it. */
export async function rehearseSqlite(
  item: Item,
  place: RehearsalPlace,
  { objects, context }: { objects: ObjectReader; context: SourceContext },
): Promise<Counts> {
  const target = { restoreId: place.rehearsalId, to: place.folder }
  const moves = await stageSqlite(item, target, objects, context)
  const engine = await findEngine(context.shell(), context.signal)
  let tables = 0
  for (const { staged } of moves) {
    try {
      tables += await engine.copy(staged, { folder: context.scratchFolder, name: COPY_NAME })
    } finally {
      await rm(join(context.scratchFolder, COPY_NAME), { force: true })
    }
  }
  return { files: moves.length, tables }
}
