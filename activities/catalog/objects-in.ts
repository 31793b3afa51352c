import { keysFolder, manifestName, parseBackupId } from '../../core/ids.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import { markOfObject } from './marks.js'
import { backupOfManifest } from './read-manifest.js'

/** What of a destination a listing of backups is made of. */
export interface ObjectsIn {
  readonly manifests: readonly ObjectInfo[]
  readonly marks: readonly ObjectInfo[]
  /** Size and time of the codes beside manifests and marks, by name. */
  readonly codes: ReadonlyMap<string, string>
  /** Ids of the keys that wrap the data key of a backup now, by the name of its manifest. */
  readonly wraps: ReadonlyMap<string, readonly string[]>
}

export async function objectsIn(
  destination: Destination,
  prefix: string,
  signal: AbortSignal,
): Promise<ObjectsIn> {
  const manifests: ObjectInfo[] = []
  const marks: ObjectInfo[] = []
  const codes = new Map<string, string>()
  const wraps = new Map<string, string[]>()
  for await (const info of destination.list(prefix, signal)) {
    const wrap = wrapOf(info.name)
    if (backupOfManifest(info.name)) manifests.push(info)
    else if (markOfObject(info.name)) marks.push(info)
    else if (info.name.endsWith('.mac'))
      codes.set(info.name, `${info.bytes}, ${info.modifiedAt.toISOString()}`)
    else if (wrap) {
      const manifest = manifestName(wrap.plan, wrap.backupId)
      wraps.set(manifest, [...(wraps.get(manifest) ?? []), wrap.keyId])
    }
  }
  return { manifests, marks, codes, wraps }
}

const WRAP_NAME = /^plans\/([^/]+)\/([^/]+)\/keys\/([0-9a-f]{16})\.json$/

/** The backup and the key that a wrapped data key belongs to; undefined for other objects. */
export function wrapOf(
  objectName: string,
): { readonly plan: string; readonly backupId: string; readonly keyId: string } | undefined {
  const [, plan = '', backupId = '', keyId = ''] = WRAP_NAME.exec(objectName) ?? []
  const isOurs = parseBackupId(backupId)?.plan === plan && objectName.startsWith(keysFolder(plan, backupId))
  return isOurs ? { plan, backupId, keyId } : undefined
}
