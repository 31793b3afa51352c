import pLimit from 'p-limit'
import { summaryOf, type BackupSummary } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { BackupFilter } from '../../core/work.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import type { Catalog } from './catalog.js'
import { matchesFilter } from './filter.js'
import { findBackup } from './find-backup.js'
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
  for (const name of destinationNames(parts.site, filter.destination)) {
    try {
      const found = await listDestination(parts, await parts.destinations(name, signal), filter, signal)
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
  { cacheFolder, log }: CatalogParts,
  destination: Destination,
  { plan }: BackupFilter,
  signal: AbortSignal,
): Promise<{ summaries: BackupSummary[]; problems: string[] }> {
  const prefix = plan === undefined ? 'plans/' : `plans/${plan}/`
  const cache = createSummaryCache({ folder: cacheFolder, destination: destination.name, log })
  const known = await cache.read()
  const current = new Map<string, CachedSummary>()
  const unknown: ObjectInfo[] = []
  for await (const info of destination.list(prefix, signal)) {
    if (!backupOfManifest(info.name)) continue
    const entry = known.get(info.name)
    if (isSame(entry, info)) current.set(info.name, entry)
    else unknown.push(info)
  }

  const problems = await readAll(destination, unknown, current, signal)
  const isStale = [...known.keys()].some((name) => name.startsWith(prefix) && !current.has(name))
  if (unknown.length > problems.length || isStale) {
    const elsewhere = [...known.values()].filter(({ name }) => !name.startsWith(prefix))
    await cache.write([...elsewhere, ...current.values()])
  }
  return { summaries: [...current.values()].map(({ summary }) => summary), problems }
}

/** Reads manifests into `current`; answers what is wrong with those that could not be read. */
async function readAll(
  destination: Destination,
  manifests: readonly ObjectInfo[],
  current: Map<string, CachedSummary>,
  signal: AbortSignal,
): Promise<string[]> {
  const limit = pLimit(MANIFESTS_AT_ONCE)
  const problems = await Promise.all(
    manifests.map((info) =>
      limit(async (): Promise<string[]> => {
        try {
          const summary = await readSummary(destination, info, signal)
          if (summary) current.set(info.name, cachedOf(info, summary))
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
  destination: Destination,
  { name }: ObjectInfo,
  signal: AbortSignal,
): Promise<BackupSummary | undefined> {
  const backup = backupOfManifest(name)
  if (!backup) return undefined
  try {
    return summaryOf(await readManifest(destination, backup, signal), destination.name)
  } catch (error) {
    // It expired between the listing and now.
    if (error instanceof HoldfastError && error.code === 'backup.not-found') return undefined
    throw error
  }
}

const cachedOf = ({ name, bytes, modifiedAt }: ObjectInfo, summary: BackupSummary): CachedSummary => ({
  name,
  bytes,
  modifiedAt: modifiedAt.toISOString(),
  summary,
})

const oldestFirst = (one: BackupSummary, other: BackupSummary): number =>
  compare(one.takenAt, other.takenAt) ||
  compare(one.id, other.id) ||
  compare(one.destination, other.destination)

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
