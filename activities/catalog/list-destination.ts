import { authenticityOf } from '../../core/authenticity.js'
import { judged, summaryOf, withMarks, type BackupSummary } from '../../core/backup.js'
import { manifestCodeName } from '../../core/ids.js'
import { stateOfMarks, type PlacedMark } from '../../core/marks.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import { examine } from './examine.js'
import type { KeyRing } from './key-ring.js'
import { listMarks } from './list-marks.js'
import { objectsIn, type ObjectsIn } from './objects-in.js'
import type { CatalogParts } from './parts.js'
import { readAll } from './read-all.js'
import { backupOfManifest, readManifest } from './read-manifest.js'
import {
  createSummaryCache,
  isManifest,
  isSame,
  type CachedManifest,
  type CachedObject,
} from './summary-cache.js'

export interface Listed {
  readonly summaries: readonly BackupSummary[]
  readonly problems: readonly string[]
}

/** A destination, as it is listed and as it was when it was listed before. */
export interface Listing {
  readonly destination: Destination
  readonly objects: ObjectsIn
  readonly ring: KeyRing
  readonly known: ReadonlyMap<string, CachedObject>
}

/** All backups at one destination, with what their marks say, deleted ones too. Reads what was not read before. */
export async function listDestination(
  { cacheFolder, log, ring }: Pick<CatalogParts, 'cacheFolder' | 'log'> & { readonly ring: KeyRing },
  destination: Destination,
  plan: string | undefined,
  signal: AbortSignal,
): Promise<Listed> {
  const prefix = plan === undefined ? 'plans/' : `plans/${plan}/`
  const cache = createSummaryCache({ folder: cacheFolder, destination: destination.name, log })
  const known = await cache.read()
  const listing: Listing = { destination, known, ring, objects: await objectsIn(destination, prefix, signal) }
  const { manifests, problems } = await listManifests(listing, signal)
  const marks = await listMarks(listing, manifests, signal)

  const current = [...manifests.values(), ...marks.read]
  const isNew = current.some((entry) => known.get(entry.name) !== entry)
  const names = new Set(current.map(({ name }) => name))
  const isStale = [...known.keys()].some((name) => name.startsWith(prefix) && !names.has(name))
  if (isNew || isStale) {
    const elsewhere = [...known.values()].filter(({ name }) => !name.startsWith(prefix))
    await cache.write([...elsewhere, ...current])
  }
  const summaries = [...manifests.values()].map((entry) =>
    summarized(entry, marks.byManifest.get(entry.name) ?? [], listing),
  )
  return { summaries, problems: [...problems, ...marks.problems] }
}

const summarized = (
  entry: CachedManifest,
  marks: readonly PlacedMark[],
  { destination, ring, objects }: Listing,
): BackupSummary => {
  const { summary } = entry
  // By the wraps that are there now: a key may have been replaced since the manifest was written.
  const keyIds = summary.keyIds && (objects.wraps.get(entry.name) ?? [])
  const current = { ...entry, summary: { ...summary, ...(keyIds === undefined ? {} : { keyIds }) } }
  return withMarks(believed(current, ring), stateOfMarks(marks, destination.name))
}

const believed = ({ proof, summary }: CachedManifest, ring: KeyRing): BackupSummary =>
  judged(
    summary,
    authenticityOf({ proof, isEncrypted: summary.keyIds !== undefined }, ring.factsOf(summary.plan)),
  )

/** By their names. */
async function listManifests(
  listing: Listing,
  signal: AbortSignal,
): Promise<{ manifests: Map<string, CachedManifest>; problems: readonly string[] }> {
  const { objects, known } = listing
  const manifests = new Map<string, CachedManifest>()
  const unknown = objects.manifests.filter((info) => {
    const entry = known.get(info.name)
    const isKnown = isSame(entry, info, objects.codes.get(codeNameOf(info.name))) && isManifest(entry)
    if (!isKnown || canTellNow(entry, listing)) return true
    manifests.set(info.name, entry)
    return false
  })
  const { read, problems } = await readAll(unknown, (info) => readOne(listing, info, signal), signal)
  for (const entry of read) manifests.set(entry.name, entry)
  return { manifests, problems }
}

function codeNameOf(objectName: string): string {
  const { plan = '', backupId = '' } = backupOfManifest(objectName) ?? {}
  return manifestCodeName(plan, backupId)
}

/** A key that was not here when the manifest was read may have come; or the backup was wrapped for another one. */
const canTellNow = ({ name, proof }: CachedManifest, { ring, objects }: Listing): boolean =>
  proof === 'untold' && ring.keys.some(({ id }) => objects.wraps.get(name)?.includes(id))

async function readOne(
  { destination, objects, ring }: Listing,
  { name, bytes, modifiedAt }: ObjectInfo,
  signal: AbortSignal,
): Promise<CachedManifest> {
  const { plan = '', backupId = '' } = backupOfManifest(name) ?? {}
  const object = { name, bytes, modifiedAt: modifiedAt.toISOString() }
  const stored = await readManifest(destination, { plan, backupId }, signal)
  const summary = summaryOf(stored.manifest, destination.name)
  const code = objects.codes.get(codeNameOf(name))
  // The code is asked for only where one was listed: most places have no encrypted backup.
  if (code === undefined) return { ...object, proof: 'absent', summary }
  const { proof } = await examine(destination, stored, ring.keys, signal)
  return { ...object, code, proof, summary }
}
