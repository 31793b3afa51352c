import pLimit from 'p-limit'
import { authenticityOf } from '../../core/authenticity.js'
import { judged, summaryOf, withMarks, type BackupSummary } from '../../core/backup.js'
import { manifestCodeName } from '../../core/ids.js'
import { stateOfMarks } from '../../core/marks.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import { examine } from './examine.js'
import type { KeyRing } from './key-ring.js'
import { placeMarks } from './place-marks.js'
import { markOfObject, readMark } from './marks.js'
import { expected, type CatalogParts } from './parts.js'
import { backupOfManifest, readManifest } from './read-manifest.js'
import { createSummaryCache, isSame, type CachedManifest, type CachedObject } from './summary-cache.js'

/** Enough to hide the latency of a store; few enough to stay small, whatever lies there. */
const READ_AT_ONCE = 8

export interface Listed {
  readonly summaries: readonly BackupSummary[]
  readonly problems: readonly string[]
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
  const current = new Map<string, CachedObject>()
  const { objects, codes } = await objectsIn(destination, prefix, signal)
  const unknown = objects.filter((info) => {
    const entry = known.get(info.name)
    if (!isSame(entry, info, codes.get(codeNameOf(info.name))) || canTellNow(entry, ring)) return true
    current.set(info.name, entry)
    return false
  })

  const problems = await readAll({ destination, codes, ring, current }, unknown, signal)
  const isStale = [...known.keys()].some((name) => name.startsWith(prefix) && !current.has(name))
  if (unknown.length > problems.length || isStale) {
    const elsewhere = [...known.values()].filter(({ name }) => !name.startsWith(prefix))
    await cache.write([...elsewhere, ...current.values()])
  }
  const marks = placeMarks(
    current.values(),
    unknown.filter(({ name }) => !current.has(name)),
  )
  const summaries = [...current.values()].flatMap((entry) =>
    entry.summary === undefined
      ? []
      : [withMarks(believed(entry, ring), stateOfMarks(marks.get(entry.name) ?? [], destination.name))],
  )
  return { summaries, problems }
}

/** Manifests, marks, and size and time of the codes beside manifests. */
async function objectsIn(
  destination: Destination,
  prefix: string,
  signal: AbortSignal,
): Promise<{ objects: ObjectInfo[]; codes: Map<string, string> }> {
  const objects: ObjectInfo[] = []
  const codes = new Map<string, string>()
  for await (const info of destination.list(prefix, signal)) {
    if (backupOfManifest(info.name) || markOfObject(info.name)) objects.push(info)
    else if (info.name.endsWith('.mac'))
      codes.set(info.name, `${info.bytes}, ${info.modifiedAt.toISOString()}`)
  }
  return { objects, codes }
}

function codeNameOf(objectName: string): string {
  const { plan = '', backupId = '' } = backupOfManifest(objectName) ?? {}
  return manifestCodeName(plan, backupId)
}

/** A key that was not here when the manifest was read may have come. */
const canTellNow = (entry: CachedObject, { keys }: KeyRing): boolean =>
  entry.summary !== undefined &&
  entry.proof === 'untold' &&
  keys.some(({ id }) => entry.summary.keyIds?.includes(id))

const believed = ({ proof, summary }: CachedManifest, ring: KeyRing): BackupSummary =>
  judged(
    summary,
    authenticityOf({ proof, isEncrypted: summary.keyIds !== undefined }, ring.factsOf(summary.plan)),
  )

interface Reading {
  readonly destination: Destination
  readonly codes: ReadonlyMap<string, string>
  readonly ring: KeyRing
  /** What is read goes here. */
  readonly current: Map<string, CachedObject>
}

/** Answers what is wrong with those that could not be read. */
async function readAll(
  reading: Reading,
  objects: readonly ObjectInfo[],
  signal: AbortSignal,
): Promise<string[]> {
  const limit = pLimit(READ_AT_ONCE)
  const problems = await Promise.all(
    objects.map((info) =>
      limit(async (): Promise<string[]> => {
        try {
          reading.current.set(info.name, await readObject(reading, info, signal))
          return []
        } catch (error) {
          const { code, message } = expected(error, signal)
          // It was removed between the listing and now.
          return code === 'backup.not-found' || code === 'object.not-found' ? [] : [message]
        }
      }),
    ),
  )
  return problems.flat()
}

async function readObject(
  { destination, codes, ring }: Reading,
  { name, bytes, modifiedAt }: ObjectInfo,
  signal: AbortSignal,
): Promise<CachedObject> {
  const object = { name, bytes, modifiedAt: modifiedAt.toISOString() }
  const backup = backupOfManifest(name)
  if (!backup) return { ...object, mark: await readMark(destination, name, signal) }
  const stored = await readManifest(destination, backup, signal)
  const summary = summaryOf(stored.manifest, destination.name)
  const code = codes.get(codeNameOf(name))
  // The code is asked for only where one was listed: most places have no encrypted backup.
  if (code === undefined) return { ...object, proof: 'absent', summary }
  const { proof } = await examine(destination, stored, ring.keys, signal)
  return { ...object, code, proof, summary }
}
