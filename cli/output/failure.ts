import ansis from 'ansis'
import type { CommandFailure } from '../failure.js'
import { printable } from './text.js'

/** A failure for people: what failed, what to do, and where to read more. */
export function renderFailure({ report }: CommandFailure): string {
  if (report.kind === 'cancelled') return printable(report.message)
  const lines = [`${ansis.red.bold('error')} ${printable(report.message)}`]
  if (report.hint !== undefined) lines.push(indented(printable(report.hint)))
  if (report.kind !== 'bug')
    lines.push(ansis.dim(`  (${report.code}; more: holdfast explain-error ${report.code})`))
  return lines.join('\n')
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
