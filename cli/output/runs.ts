import ansis from 'ansis'
import { counted, formatBytes, formatDuration } from '../../core/units.js'
import type { RestorePreview, RestoreResult } from '../../core/work/restore.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import type { RunSummary } from '../../operations/runs.js'
import { renderHolds } from './backups.js'
import { copyText } from './copies.js'
import { renderFields, renderTable } from './table.js'
import { oneLine, printable } from './text.js'
import { formatInstant } from './times.js'

export function renderRuns(runs: readonly RunSummary[], timezone: string): string {
  if (runs.length === 0) return 'No runs.'
  return renderTable<RunSummary>(
    [
      { head: 'ID', cell: ({ workflowId }) => workflowId },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'PLAN', cell: ({ plan }) => plan ?? '' },
      { head: 'STARTED', cell: ({ startedAt }) => formatInstant(startedAt, timezone) },
      { head: 'TOOK', align: 'right', cell: tookText },
      { head: 'STATE', cell: runState, paint: paintState },
    ],
    runs,
  )
}

export const renderRun = (run: RunSummary, timezone: string, failure: string | undefined): string =>
  renderFields([
    ['Run', run.workflowId],
    ['Kind', run.kind],
    ['Plan', run.plan],
    ['Host', run.host],
    ['Backup', run.backupId],
    ['State', runState(run)],
    ['Started', formatInstant(run.startedAt, timezone)],
    ['Ended', run.closedAt === undefined ? undefined : formatInstant(run.closedAt, timezone)],
    ['Took', tookText(run) || undefined],
    ['Because', failure],
  ])

/** The run's own verdict where it came to one, else how Temporal saw it end. */
const runState = ({ status, outcome }: RunSummary): string =>
  status === 'completed' ? (outcome ?? status) : status

const tookText = ({ startedAt, closedAt }: RunSummary): string =>
  closedAt === undefined ? '' : formatDuration(new Date(closedAt).getTime() - new Date(startedAt).getTime())

function paintState(text: string, run: RunSummary): string {
  if (run.status === 'running') return ansis.cyan(text)
  return run.status === 'completed' && (run.outcome === undefined || run.outcome === 'good')
    ? ansis.green(text)
    : ansis.red(text)
}

/** What a backup run came to: verdicts, sizes, downtime, id. */
export function renderBackupResult(result: BackupRunResult): string {
  if (result.outcome === 'skipped') {
    return `Skipped: ${oneLine(result.skippedFor ?? 'another run')} has the plan ${result.plan}.`
  }
  const { summary, retention, verification } = result
  const missing = Object.entries(result.notCaptured).map(([cause, count]) => `${count} ${cause}`)
  const fields = renderFields([
    ['Backup', summary === undefined ? 'none was kept' : result.backupId],
    [
      'Verdict',
      `data ${result.data}, services ${result.services}${result.copies === undefined ? '' : `, copies ${result.copies}`}`,
    ],
    ['Not captured', missing.length === 0 ? undefined : missing.join(', ')],
    [
      'Size',
      summary === undefined
        ? undefined
        : `${formatBytes(summary.plainBytes)}, stored ${formatBytes(summary.storedBytes)} at ${summary.destination}`,
    ],
    ['Took', formatDuration(result.durationMs)],
    ...(result.copiesAt ?? []).map((copy) => [`At ${oneLine(copy.destination)}`, copyText(copy)] as const),
    ['Verified', verification && verificationText(verification)],
    ['Deleted', retention === undefined ? undefined : retentionText(retention)],
  ])
  const warnings = (result.warnings ?? []).map((warning) => `${ansis.yellow('!')} ${oneLine(warning)}`)
  return [
    `${titleOf(result)}\n${fields}`,
    ...(result.holds.length === 0 ? [] : [renderHolds(result.holds)]),
    ...(warnings.length === 0 ? [] : [warnings.join('\n')]),
  ].join('\n\n')
}

const titleOf = ({ outcome }: BackupRunResult): string =>
  outcome === 'good'
    ? ansis.green.bold('Good.')
    : ansis.yellow.bold(outcome === 'partial' ? 'Good, but copies are missing.' : 'Not good.')

const retentionText = ({ expired, note }: NonNullable<BackupRunResult['retention']>): string =>
  note ?? (expired.length === 0 ? 'nothing' : expired.join('\n'))

const verificationText = ({
  outcome,
  problems,
  note,
}: NonNullable<BackupRunResult['verification']>): string =>
  outcome === 'verified'
    ? 'every byte is as it was recorded'
    : [outcome, ...problems, ...(note ? [note] : [])].join('\n')

/** What a restore would do, before it does it. */
export function renderPreview(preview: RestorePreview, timezone: string): string {
  return [
    renderFields([
      ['Backup', `${preview.backupId} (plan ${preview.plan}, at ${preview.destination})`],
      ['Taken', formatInstant(preview.takenAt, timezone)],
      ['On host', preview.host],
      [
        'Stops',
        preview.hold === undefined
          ? 'nothing'
          : `${preview.hold.services.join(', ')}, until the restore is done or undone`,
      ],
    ]),
    ...preview.items.map((item) =>
      [
        `${ansis.bold(oneLine(item.source))} (${item.type}, ${formatBytes(item.bytes)})`,
        ...item.effects.map((effect) => `  - ${oneLine(effect)}`),
        ...(item.notCaptured === 0
          ? []
          : [
              `  - ${ansis.yellow(`${counted(item.notCaptured, 'file')} of the source were not captured, and will be missing`)}`,
            ]),
      ].join('\n'),
    ),
    ...preview.warnings.map((warning) => `${ansis.yellow('warning')} ${printable(warning)}`),
  ].join('\n\n')
}

export function renderRestoreResult(result: RestoreResult): string {
  const items = result.items.map((item) =>
    [
      `${ansis.green('✓')} ${oneLine(item.source)}`,
      ...item.restored.map((line) => `  ${oneLine(line)}`),
      ...item.safetyCopies.map((line) => `  old data: ${oneLine(line)}`),
    ].join('\n'),
  )
  return [...items, ...(result.holds.length === 0 ? [] : [renderHolds(result.holds)])].join('\n\n')
}
