import { compare } from '../../core/compare.js'
import type { BackupSummary } from '../../core/backup.js'
import type { BackupFilter } from '../../core/work/catalog.js'
import type { Catalog } from './catalog.js'
import { matchesFilter } from './filter.js'
import { findBackup } from './find-backup.js'
import { openKeyRing } from './key-ring.js'
import { listDestination } from './list-destination.js'
import { destinationNames, expected, problemOf, type CatalogParts } from './parts.js'

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
      const destination = await parts.destinations(name, signal)
      const found = await listDestination({ ...parts, ring }, destination, filter.plan, signal)
      for (const summary of found.summaries) if (matchesFilter(summary, filter)) backups.push(summary)
      problems.push(...found.problems)
    } catch (error) {
      // One place that does not answer must not hide what lies at the others.
      problems.push(problemOf(name, expected(error, signal)))
    }
  }
  return { backups: backups.sort(oldestFirst), problems }
}

const oldestFirst = (one: BackupSummary, other: BackupSummary): number =>
  compare(one.takenAt, other.takenAt) ||
  compare(one.id, other.id) ||
  compare(one.destination, other.destination)
