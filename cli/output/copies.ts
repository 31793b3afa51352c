import ansis from 'ansis'
import { assertNever } from '../../core/assert.js'
import type { BackupCopy, CopyProgress, CopyReport } from '../../core/copies.js'
import type { CopyState } from '../../core/messages.js'
import { counted, formatBytes } from '../../core/units.js'
import type { ReplicateRunResult } from '../../core/work/runs.js'
import type { MarkedBackup } from '../../operations/mark-copies.js'
import { oneLine } from './text.js'

/** What came of copies that a person asked for. */
export function renderReplication({ outcome, copies }: ReplicateRunResult): string {
  const title = outcome === 'good' ? ansis.green.bold('Complete.') : ansis.yellow.bold('Copies are missing.')
  return [title, ...copies.map((report) => `  ${oneLine(report.destination)}: ${copyText(report)}`)].join(
    '\n',
  )
}

/** What came of the copies at one destination: `2 copied, 1.2 GiB`, and what is missing. */
export function copyText({ copied, bytes, failed, left, problem }: CopyReport): string {
  const done =
    copied.length === 0 ? [] : [`${counted(copied.length, 'backup')} copied, ${formatBytes(bytes)}`]
  const missing = [
    ...(problem === undefined ? [] : [`missing: ${oneLine(problem)}`]),
    ...failed.map((one) => `${one.backupId} is missing: ${oneLine(one.problem)}`),
    ...(left === 0 ? [] : [`${left} more are missing, for later`]),
  ]
  return [...done, ...missing].join('\n') || 'nothing was missing'
}

/** `disk, offsite (damaged)`: where a backup is, and what is odd about it there. */
export const placesText = (copies: readonly BackupCopy[]): string =>
  copies
    .map(({ destination, marks, authenticity }) => {
      const odd = [
        ...(marks.verification?.outcome === 'damaged' ? ['damaged'] : []),
        ...(authenticity === 'unauthenticated' ? ['unauthenticated'] : []),
        ...(marks.deletion === undefined ? [] : ['deleted']),
      ]
      return odd.length === 0 ? destination : `${destination} (${odd.join(', ')})`
    })
    .join(', ')

/** One destination of a run that makes copies, while it does. */
export function copyLine({ destination, state }: CopyState, progress: CopyProgress | undefined): string {
  const name = `copies at ${oneLine(destination)}`
  switch (state) {
    case 'running': {
      if (progress?.backupId === undefined) return `${ansis.cyan('▸')} ${name}`
      const { backupId, backupBytes, backupTotalBytes } = progress
      return `${ansis.cyan('▸')} ${name}: ${oneLine(backupId)}, ${formatBytes(backupBytes)} of ${formatBytes(backupTotalBytes)}`
    }
    case 'done':
      return `${ansis.green('✓')} ${name}`
    case 'failed':
      return `${ansis.red('✗')} ${name} are missing`
    default:
      return assertNever(state)
  }
}

/** Copies that could not be marked. */
export const unmarkedText = ({ failed }: MarkedBackup): readonly string[] =>
  failed.map(
    ({ destination, problem }) => `The copy at ${oneLine(destination)} is not marked: ${oneLine(problem)}`,
  )
