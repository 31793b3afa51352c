import ansis from 'ansis'
import { countsInWords, type RehearsalReport } from '../../core/rehearsal.js'
import { counted, formatBytes, formatDuration } from '../../core/units.js'
import type { PlanVerification, VerifiedBackup } from '../../core/verification.js'
import type { VerifyReport } from '../../core/work/catalog.js'
import { renderTable } from './table.js'
import { oneLine } from './text.js'

export function renderVerification(report: VerifyReport): string {
  const checked = `${counted(report.objects, 'object')}, ${formatBytes(report.bytes)}`
  const notes = (report.notes ?? []).map((note) => `  ${ansis.yellow('note')} ${oneLine(note)}`)
  if (report.problems.length === 0) {
    return [
      `${ansis.green.bold('Intact.')} ${report.backupId} at ${report.destination}: every byte is as it was recorded (${checked}).`,
      ...notes,
    ].join('\n')
  }
  return [
    `${ansis.red.bold('Damaged.')} ${report.backupId} at ${report.destination} (${checked}):`,
    ...report.problems.map((problem) => `  - ${oneLine(problem)}`),
    ...notes,
  ].join('\n')
}

/** What became of each backup that was read, and how many that was. */
export function renderPlanVerification({ plan, of, backups, problems }: PlanVerification): string {
  const unlisted = problems.map((problem) => `${ansis.red('problem')} ${oneLine(problem)}`)
  if (backups.length === 0) return [...unlisted, `Plan ${plan} has no backups to read.`].join('\n')
  const read = backups.filter(({ outcome }) => outcome === 'verified' || outcome === 'damaged')
  const bytes = read.reduce((total, backup) => total + backup.bytes, 0)
  return [
    renderTable<VerifiedBackup>(
      [
        { head: 'BACKUP', cell: ({ backupId }) => backupId },
        { head: 'AT', cell: ({ destination }) => destination },
        { head: 'READ', align: 'right', cell: (backup) => formatBytes(backup.bytes) },
        { head: 'RESULT', cell: ({ outcome }) => RESULTS[outcome], paint: paintResult },
        { head: '', cell: ({ problem, note }) => oneLine(problem ?? note ?? '') },
      ],
      backups,
    ),
    ...unlisted,
    `${read.length} of ${counted(of, 'backup')} read, ${formatBytes(bytes)}: ${verdict(backups)}.`,
  ].join('\n')
}

const RESULTS = {
  verified: 'intact',
  damaged: 'damaged',
  'not-done': 'not read',
  gone: 'removed meanwhile',
} as const

const paintResult = (text: string, { outcome }: VerifiedBackup): string =>
  outcome === 'verified' ? ansis.green(text) : outcome === 'gone' ? text : ansis.red(text)

function verdict(backups: readonly VerifiedBackup[]): string {
  const count = (wanted: VerifiedBackup['outcome']) =>
    backups.filter(({ outcome }) => outcome === wanted).length
  const [damaged, unread] = [count('damaged'), count('not-done')]
  const parts = [
    ...(damaged === 0 ? [] : [`${damaged} damaged`]),
    ...(unread === 0 ? [] : [`${unread} could not be read`]),
  ]
  return parts.length === 0 ? 'every byte is as it was recorded' : parts.join(', ')
}

/** What a rehearsed restore brought back, item by item. */
export const renderRehearsal = ({ backupId, destination, items, durationMs }: RehearsalReport): string =>
  [
    ...items.map(({ source, type, outcome, counts, problem }) => {
      if (outcome === 'restored')
        return `${ansis.green('✓')} ${oneLine(source)} (${type}): ${countsInWords(counts)}, all that was captured`
      const sign = outcome === 'failed' ? ansis.red('✘ failed') : ansis.yellow('! not tried')
      return `${sign} ${oneLine(source)} (${type}): ${oneLine(problem ?? '')}`
    }),
    `${backupId} at ${destination} was restored on trial in ${formatDuration(durationMs)}; nothing of it is left.`,
  ].join('\n')
