import type { BackupSummary } from '../../core/backup.js'
import type { BackupFilter } from '../../core/work/catalog.js'

/** Every part of the filter that is there must hold. What is deleted is hidden, unless it is asked for. */
export const matchesFilter = (summary: BackupSummary, filter: BackupFilter): boolean =>
  isAmong(summary, filter.among) &&
  (filter.plan === undefined || summary.plan === filter.plan) &&
  (filter.destination === undefined || summary.destination === filter.destination) &&
  (filter.source === undefined || summary.sources.some(({ name }) => name === filter.source)) &&
  (filter.type === undefined || summary.sources.some(({ type }) => type === filter.type)) &&
  (filter.since === undefined || new Date(summary.takenAt) >= new Date(filter.since))

const isAmong = ({ marks }: BackupSummary, among: BackupFilter['among'] = 'listed'): boolean =>
  among === 'all' || (marks.deletion !== undefined) === (among === 'deleted')
