import type { CopyReport } from '../../core/copies.js'
import { formatBytes, formatDuration } from '../../core/units.js'
import type { BackupRunResult } from '../../core/work/runs.js'

/** The end of a run, for people, in the markdown of Temporal's UI. */
export function resultDetails(result: BackupRunResult): string {
  const {
    outcome,
    data,
    services,
    summary,
    holds,
    warnings = [],
    copies,
    copiesAt = [],
    retention,
    skippedFor,
    backupId,
    durationMs,
  } = result
  if (outcome === 'skipped') return `skipped: ${skippedFor} had the plan`
  const lines = [
    `- **${outcome}** in ${formatDuration(durationMs)}: data ${data}, services ${services}${copies === undefined ? '' : `, copies ${copies}`}`,
    `- backup \`${backupId}\``,
    ...(summary === undefined
      ? []
      : [`- read ${formatBytes(summary.plainBytes)}, stored ${formatBytes(summary.storedBytes)}`]),
    ...holds.map(
      ({ service, health, downtimeMs }) =>
        `- ${service}: ${health}${downtimeMs === undefined ? '' : `, down for ${formatDuration(downtimeMs)}`}`,
    ),
    ...copiesAt.map(copyDetail),
    ...(retention === undefined
      ? []
      : [
          `- deleted ${retention.expired.length}, removed ${retention.removed.length}${noteOf(retention.note)}`,
        ]),
    ...warnings.map((warning) => `- ${warning}`),
  ]
  return lines.join('\n')
}

const noteOf = (note: string | undefined): string => (note === undefined ? '' : ` (${note})`)

/** What came of the copies at one destination. */
export const copyDetail = ({ destination, copied, problem }: CopyReport): string =>
  `- ${destination}: ${problem ?? `${copied.length} copied`}`
