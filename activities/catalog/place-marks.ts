import { doubtOf } from '../../core/authenticity.js'
import { manifestName } from '../../core/ids.js'
import type { PlacedMark } from '../../core/marks.js'
import type { ObjectInfo } from '../destinations/driver.js'
import { markOfObject } from './marks.js'
import type { CachedMark } from './summary-cache.js'

/**
 * Marks by the name of the manifest that they belong to. What an unread one says is not known; that it is there, is.
 * `isEncrypted` tells it of a backup by the name of its manifest.
 */
export function placeMarks(
  read: Iterable<CachedMark>,
  unread: readonly ObjectInfo[],
  isEncrypted: (manifest: string) => boolean,
): ReadonlyMap<string, readonly PlacedMark[]> {
  const marks = new Map<string, PlacedMark[]>()
  const place = (manifest: string, placed: PlacedMark) =>
    marks.set(manifest, [...(marks.get(manifest) ?? []), placed])
  for (const { name: objectName, modifiedAt, mark, proof } of read) {
    const { manifest, name } = placeOf(objectName)
    const doubt = doubtOf(proof, { isEncrypted: isEncrypted(manifest) })
    place(manifest, {
      ...{ name, modifiedAt },
      ...(mark === undefined ? {} : { mark }),
      ...(doubt === undefined ? {} : { doubt }),
    })
  }
  for (const { name: objectName, modifiedAt } of unread) {
    const { manifest, name } = placeOf(objectName)
    place(manifest, { name, modifiedAt: modifiedAt.toISOString() })
  }
  return marks
}

/** Of an object that is known to be a mark. */
function placeOf(objectName: string): { readonly manifest: string; readonly name: string } {
  const { plan = '', backupId = '', name = '' } = markOfObject(objectName) ?? {}
  return { manifest: manifestName(plan, backupId), name }
}
