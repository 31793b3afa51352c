import { createWriteStream } from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { formatBytes } from '../../../core/units.js'
import type { ObjectReader, SourceContext } from '../driver.js'
import { findEngine } from './engine.js'

/** A check must not fill the disk that the journal lies on: as much again must stay free. */
const ROOM = 2

/** Checks a temporary copy, all of it, with SQLite itself. */
export async function inspectSqlite(
  object: StoredObject,
  objects: ObjectReader,
  context: SourceContext,
): Promise<void> {
  const { scratchFolder, signal } = context
  const engine = await findEngine(context.shell(), signal)
  const { bavail, bsize } = await statfs(scratchFolder)
  if (bavail * bsize < ROOM * object.plainBytes) {
    throw new HoldfastError(
      'source.no-space',
      `Checking ${object.name} needs ${formatBytes(ROOM * object.plainBytes)} in ${scratchFolder}.`,
      { hint: 'Make room there, or set `stateDir` in holdfast.yaml to a place that has it.' },
    )
  }
  const copy = join(scratchFolder, 'inspected.sqlite')
  try {
    await pipeline(objects.open(object), createWriteStream(copy, { flags: 'wx', mode: 0o600 }), { signal })
    await engine.check(copy, 'still', object.name)
  } finally {
    await rm(copy, { force: true })
  }
}
