import type { StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { MemberCheck } from '../../archive/check.js'
import { TarScanner } from '../../archive/tar-scanner.js'
import { drain } from '../../pipeline/drain.js'
import type { ObjectReader, SourceContext } from '../driver.js'

/** Walks the tar to its end, as a restore would. */
export async function inspectTree(
  object: StoredObject,
  objects: ObjectReader,
  { signal }: SourceContext,
): Promise<void> {
  const body = objects.open(object)
  if (object.kind !== 'tar') return drain(body, signal)
  const scanner = new TarScanner()
  const check = new MemberCheck()
  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (const { entry } of scanner.scan(chunk)) if (entry) check.check(entry)
  }
  if (scanner.isComplete) return
  throw new HoldfastError('source.damaged', `The archive ${object.name} has no end.`, {
    hint: 'Restore from another backup, and make a new one now.',
  })
}
