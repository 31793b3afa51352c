import pLimit from 'p-limit'
import { authenticityOf } from '../../core/authenticity.js'
import { judged, summaryOf, type BackupSummary } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { manifestCodeName } from '../../core/ids.js'
import type { BackupFilter } from '../../core/work.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import type { Catalog } from './catalog.js'
import { examine } from './examine.js'
import { matchesFilter } from './filter.js'
import { findBackup } from './find-backup.js'
import { openKeyRing, type KeyRing } from './key-ring.js'
import { destinationNames, expected, type CatalogParts } from './parts.js'
import { backupOfManifest, readManifest } from './read-manifest.js'
import { createSummaryCache, isSame, type CachedSummary } from './summary-cache.js'

/** Enough to hide the latency of a store; few enough to stay small, whatever lies there. */
const MANIFESTS_AT_ONCE = 8

export const createCatalog = (parts: CatalogParts): Catalog => ({
  list: (filter, signal) => listBackups(parts, filter, signal),
  find: (reference, signal) => findBackup(parts, reference, signal),
})

async function listBackups(
  parts: CatalogParts,
  filter: BackupFilter,
  signal: AbortSignal,
): Promise<{ backups: readonly BackupSummary[]; problems: readonly string[] }> {
  const backups: BackupSummary[] = []
  const problems: string[] = []
  const ring = await openKeyRing(parts)
  for (const name of destinationNames(parts.site, filter.destination)) {
    try {
      const found = await listDestination(
        { ...parts, ring },
        await parts.destinations(name, signal),
        filter,
        signal,
      )
      for (const summary of found.summaries) if (matchesFilter(summary, filter)) backups.push(summary)
      problems.push(...found.problems)
    } catch (error) {
      // One place that does not answer must not hide what lies at the others.
      problems.push(`Destination "${name}": ${expected(error, signal).message}`)
    }
  }
  return { backups: backups.sort(oldestFirst), problems }
}

async function listDestination(
  { cacheFolder, log, ring }: CatalogParts & { readonly ring: KeyRing },
  destination: Destination,
  { plan }: BackupFilter,
  signal: AbortSignal,
): Promise<{ summaries: BackupSummary[]; problems: string[] }> {
  const prefix = plan === undefined ? 'plans/' : `plans/${plan}/`
  const cache = createSummaryCache({ folder: cacheFolder, destination: destination.name, log })
  const known = await cache.read()
  const current = new Map<string, CachedSummary>()
  const { manifests, codes } = await manifestsIn(destination, prefix, signal)
  const unknown = manifests.filter((info) => {
    const entry = known.get(info.name)
    if (!isSame(entry, info, codes.get(codeNameOf(info.name))) || canTellNow(entry, ring)) return true
    current.set(info.name, entry)
    return false
  })

  const examining = { destination, codes, ring, current }
  const problems = await readAll(examining, unknown, signal)
  const isStale = [...known.keys()].some((name) => name.startsWith(prefix) && !current.has(name))
  if (unknown.length > problems.length || isStale) {
    const elsewhere = [...known.values()].filter(({ name }) => !name.startsWith(prefix))
    await cache.write([...elsewhere, ...current.values()])
  }
  return { summaries: [...current.values()].map((entry) => believed(entry, ring)), problems }
}

async function manifestsIn(
  destination: Destination,
  prefix: string,
  signal: AbortSignal,
): Promise<{ manifests: ObjectInfo[]; codes: Map<string, string> }> {
  const manifests: ObjectInfo[] = []
  const codes = new Map<string, string>()
  for await (const info of destination.list(prefix, signal)) {
    if (backupOfManifest(info.name)) manifests.push(info)
    else if (info.name.endsWith('.mac'))
      codes.set(info.name, `${info.bytes}, ${info.modifiedAt.toISOString()}`)
  }
  return { manifests, codes }
}

function codeNameOf(manifestName: string): string {
  const { plan = '', backupId = '' } = backupOfManifest(manifestName) ?? {}
  return manifestCodeName(plan, backupId)
}

/** A key that was not here when the manifest was read may have come. */
const canTellNow = ({ proof, summary }: CachedSummary, { keys }: KeyRing): boolean =>
  proof === 'untold' && keys.some(({ id }) => summary.keyIds?.includes(id))

const believed = ({ proof, summary }: CachedSummary, ring: KeyRing): BackupSummary =>
  judged(
    summary,
    authenticityOf({ proof, isEncrypted: summary.keyIds !== undefined }, ring.factsOf(summary.plan)),
  )

interface Examining {
  readonly destination: Destination
  readonly codes: ReadonlyMap<string, string>
  readonly ring: KeyRing
  /** What is found goes here. */
  readonly current: Map<string, CachedSummary>
}

/** Reads manifests; answers what is wrong with those that could not be read. */
async function readAll(
  examining: Examining,
  manifests: readonly ObjectInfo[],
  signal: AbortSignal,
): Promise<string[]> {
  const limit = pLimit(MANIFESTS_AT_ONCE)
  const problems = await Promise.all(
    manifests.map((info) =>
      limit(async (): Promise<string[]> => {
        try {
          await readSummary(examining, info, signal)
          return []
        } catch (error) {
          return [expected(error, signal).message]
        }
      }),
    ),
  )
  return problems.flat()
}

async function readSummary(
  { destination, codes, ring, current }: Examining,
  info: ObjectInfo,
  signal: AbortSignal,
): Promise<void> {
  const backup = backupOfManifest(info.name)
  if (!backup) return
  try {
    const stored = await readManifest(destination, backup, signal)
    const code = codes.get(codeNameOf(info.name))
    // The code is asked for only where one was listed: most places have no encrypted backup.
    const { proof } =
      code === undefined
        ? { proof: 'absent' as const }
        : await examine(destination, stored, ring.keys, signal)
    const summary = summaryOf(stored.manifest, destination.name)
    current.set(info.name, cachedOf(info, { code, proof, summary }))
  } catch (error) {
    // It expired between the listing and now.
    if (!(error instanceof HoldfastError) || error.code !== 'backup.not-found') throw error
  }
}

const cachedOf = (
  { name, bytes, modifiedAt }: ObjectInfo,
  { code, proof, summary }: Pick<CachedSummary, 'proof' | 'summary'> & { code: string | undefined },
): CachedSummary => ({
  name,
  bytes,
  modifiedAt: modifiedAt.toISOString(),
  ...(code === undefined ? {} : { code }),
  proof,
  summary,
})

const oldestFirst = (one: BackupSummary, other: BackupSummary): number =>
  compare(one.takenAt, other.takenAt) ||
  compare(one.id, other.id) ||
  compare(one.destination, other.destination)

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
