import ansis from 'ansis'
import type { CommandFailure } from '../failure.js'
import { printable } from './text.js'

/** A failure for people: what failed, what to do, and where to read more. */
export function renderFailure({ report }: CommandFailure): string {
  if (report.kind === 'cancelled') return printable(report.message)
  // Issues of a file say for themselves, line by line, which of them are errors.
  const title = isListOfIssues(report) ? '' : `${ansis.red.bold('error')} `
  const lines = [`${title}${printable(report.message)}`]
  if (report.hint !== undefined) lines.push(indented(printable(report.hint)))
  if (report.kind !== 'bug')
    lines.push(ansis.dim(`  (${report.code}; more: holdfast explain-error ${report.code})`))
  return lines.join('\n')
}

const isListOfIssues = (report: CommandFailure['report']): boolean =>
  report.kind !== 'cancelled' && Array.isArray(report.details?.['issues'])

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
