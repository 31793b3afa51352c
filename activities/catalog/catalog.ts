import type { BackupSummary } from '../../core/backup.js'
import type { BackupFilter, BackupReference, LocatedBackup } from '../../core/work/catalog.js'

/** What backups there are: read from manifests at the destinations. Manifests never change, so each is read once and kept. */
export interface Catalog {
  /** Sorted by `takenAt`, oldest first. What could not be read is named in `problems`, and never hides the rest. */
  list(
    filter: BackupFilter,
    signal: AbortSignal,
  ): Promise<{ backups: readonly BackupSummary[]; problems: readonly string[] }>
  /** A unique beginning of the id will do. Fails with `backup.not-found`, `backup.ambiguous`, `backup.corrupt`, `backup.version`. */
  find(reference: BackupReference, signal: AbortSignal): Promise<LocatedBackup>
}
