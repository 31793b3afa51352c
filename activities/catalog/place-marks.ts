import { manifestName } from '../../core/ids.js'
import type { PlacedMark } from '../../core/marks.js'
import type { ObjectInfo } from '../destinations/driver.js'
import { markOfObject } from './marks.js'
import type { CachedObject } from './summary-cache.js'

/** Marks by the name of the manifest that they belong to. What an unread one says is not known; that it is there, is. */
export function placeMarks(
  read: Iterable<CachedObject>,
  unread: readonly ObjectInfo[],
): ReadonlyMap<string, readonly PlacedMark[]> {
  const marks = new Map<string, PlacedMark[]>()
  const place = (objectName: string, modifiedAt: string, mark?: PlacedMark['mark']) => {
    const of = markOfObject(objectName)
    if (!of) return
    const manifest = manifestName(of.plan, of.backupId)
    const placed = { name: of.name, modifiedAt, ...(mark === undefined ? {} : { mark }) }
    marks.set(manifest, [...(marks.get(manifest) ?? []), placed])
  }
  for (const { name, modifiedAt, mark } of read) place(name, modifiedAt, mark)
  for (const { name, modifiedAt } of unread) place(name, modifiedAt.toISOString())
  return marks
}
