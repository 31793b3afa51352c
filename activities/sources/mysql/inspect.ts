import type { StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { drain } from '../../pipeline/drain.js'
import type { ObjectReader, SourceContext } from '../driver.js'
import { wholeDump } from '../whole-dump.js'

/** Reads the dump whole, and looks whether it ends as one. Needs no server and no program. */
export async function inspectMysql(
  object: StoredObject,
  objects: ObjectReader,
  { signal }: SourceContext,
): Promise<void> {
  try {
    await drain(wholeDump(objects.open(object), 'mysql', object.name), signal)
  } catch (cause) {
    if (!(cause instanceof HoldfastError) || cause.code !== 'source.failed') throw cause
    throw new HoldfastError('source.damaged', `${object.name} does not end as a dump does.`, {
      hint: 'Restore from another backup, and make a new one now.',
      cause,
    })
  }
}
