import { doubtOf } from '../../core/authenticity.js'
import { manifestName } from '../../core/ids.js'
import { markCodeName, type PlacedMark } from '../../core/marks.js'
import type { ObjectInfo } from '../destinations/driver.js'
import type { Listing } from './list-destination.js'
import { dataKeyOrNone, type MarkTrust } from './mark-trust.js'
import { markOfObject, readMark } from './marks.js'
import { placeMarks } from './place-marks.js'
import { readAll } from './read-all.js'
import { isManifest, isSame, type CachedManifest, type CachedMark } from './summary-cache.js'

export interface ListedMarks {
  readonly byManifest: ReadonlyMap<string, readonly PlacedMark[]>
  readonly read: readonly CachedMark[]
  readonly problems: readonly string[]
}

/** The marks of all backups of a listing. Those that nobody with a key has written are named, every time. */
export async function listMarks(
  listing: Listing,
  manifests: ReadonlyMap<string, CachedManifest>,
  signal: AbortSignal,
): Promise<ListedMarks> {
  const { destination, objects } = listing
  const trusts = markTrusts(listing, manifests, signal)
  const remembered: CachedMark[] = []
  const unknown: ObjectInfo[] = []
  for (const info of objects.marks) {
    const entry = rememberedMark(listing, info, trusts)
    if (entry) remembered.push(entry)
    else unknown.push(info)
  }
  const found = await readAll(unknown, (info) => readOne(listing, info, trusts, signal), signal)
  const read = [...remembered, ...found.read]
  const names = new Set(read.map(({ name }) => name))
  const unread = unknown.filter(({ name }) => !names.has(name))
  const isForged = ({ name, proof }: CachedMark) =>
    doubtOf(proof, { isEncrypted: trusts.isEncrypted(manifestOf(name)) }) === 'forged'
  const forged = read
    .filter(isForged)
    .map(
      ({ name }) =>
        `Mark ${name} at destination "${destination.name}" was not written by anyone who has a key of the backup: it counts for nothing. Look at who can write there.`,
    )
  return {
    byManifest: placeMarks(read, unread, trusts.isEncrypted),
    read,
    problems: [...found.problems, ...forged],
  }
}

/** What is known of a mark that is as it was, unless more can be told of it now. */
function rememberedMark(
  { known, objects }: Listing,
  info: ObjectInfo,
  { isEncrypted, hasKey }: MarkTrusts,
): CachedMark | undefined {
  const entry = known.get(info.name)
  if (!isSame(entry, info, objects.codes.get(markCodeName(info.name))) || isManifest(entry)) return undefined
  const manifest = manifestOf(info.name)
  // A key has come, or the manifest could not be read the last time.
  const canTellNow = entry.proof === 'untold' && hasKey(manifest)
  const isEncryptedNow = entry.proof === 'absent' && entry.mark !== undefined && isEncrypted(manifest)
  return canTellNow || isEncryptedNow ? undefined : entry
}

async function readOne(
  { destination, objects }: Listing,
  { name, bytes, modifiedAt }: ObjectInfo,
  trusts: MarkTrusts,
  signal: AbortSignal,
): Promise<CachedMark> {
  const code = objects.codes.get(markCodeName(name))
  return {
    ...{ name, bytes, modifiedAt: modifiedAt.toISOString() },
    ...(code === undefined ? {} : { code }),
    ...(await readMark(destination, name, await trusts.of(name), signal)),
  }
}

/** What proves the marks of the backups of a listing, by the names of their manifests. */
interface MarkTrusts {
  readonly isEncrypted: (manifest: string) => boolean
  /** Whether a key of this host wraps its data key. */
  readonly hasKey: (manifest: string) => boolean
  /** Of a mark by its name. The data key of each backup is opened once. */
  readonly of: (markName: string) => Promise<MarkTrust>
}

function markTrusts(
  { destination, objects, ring }: Listing,
  manifests: ReadonlyMap<string, CachedManifest>,
  signal: AbortSignal,
): MarkTrusts {
  const opened = new Map<string, Promise<Buffer | undefined>>()
  const keysOf = (manifest: string) => ring.keys.filter(({ id }) => objects.wraps.get(manifest)?.includes(id))
  const isEncrypted = (manifest: string) => {
    const entry = manifests.get(manifest)
    // Of one that cannot be read the keys beside it tell.
    if (entry === undefined) return objects.wraps.has(manifest)
    return entry.summary.keyIds !== undefined || keysOf(manifest).length > 0
  }
  const dataKeyOf = (manifest: string, place: { plan: string; backupId: string }) => {
    const found = opened.get(manifest) ?? dataKeyOrNone({ destination, ...place }, keysOf(manifest), signal)
    opened.set(manifest, found)
    return found
  }
  return {
    isEncrypted,
    hasKey: (manifest) => keysOf(manifest).length > 0,
    of: async (markName) => {
      const manifest = manifestOf(markName)
      const { plan = '', backupId = '' } = markOfObject(markName) ?? {}
      const dataKey = await dataKeyOf(manifest, { plan, backupId })
      return { isEncrypted: isEncrypted(manifest), ...(dataKey === undefined ? {} : { dataKey }) }
    },
  }
}

function manifestOf(markName: string): string {
  const { plan = '', backupId = '' } = markOfObject(markName) ?? {}
  return manifestName(plan, backupId)
}
