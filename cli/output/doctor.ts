import ansis from 'ansis'
import type { Finding, Severity } from '../../core/doctor/finding.js'
import { counted } from '../../core/units.js'
import type { Examination } from '../../operations/doctor/doctor.js'
import { oneLine, printable } from './text.js'

const PAINT: Readonly<Record<Severity, (text: string) => string>> = {
  problem: (text) => ansis.red.bold(text),
  warning: (text) => ansis.yellow(text),
  fine: (text) => ansis.green(text),
}

/** Every finding, the worst first, each with why it matters and what mends it; then what it comes to. */
export function renderExamination({ findings, problems, warnings }: Examination): string {
  return [...findings.map(renderFinding), '', summaryOf(problems, warnings)].join('\n')
}

function renderFinding({ severity, area, what, why, mend }: Finding): string {
  const [first = '', ...more] = printable(what).split('\n')
  return [
    `${PAINT[severity](severity.padEnd(7))} ${ansis.bold(area)}: ${first}`,
    ...more.map((line) => `        ${line}`),
    ...(why === undefined ? [] : [`        ${oneLine(why)}`]),
    ...(mend === undefined ? [] : mendLines(mend)),
  ].join('\n')
}

/** Several things that are in the way have a cure each. */
const mendLines = (mend: string): readonly string[] =>
  printable(mend)
    .split('\n')
    .map((line) => `        ${ansis.cyan('→')} ${line}`)

function summaryOf(problems: number, warnings: number): string {
  if (problems > 0)
    return ansis.red.bold(
      `${counted(problems, 'problem')} and ${counted(warnings, 'warning')}: tonight’s runs would not all succeed.`,
    )
  return warnings > 0
    ? ansis.yellow(`No problem, and ${counted(warnings, 'warning')}.`)
    : ansis.green('All is well.')
}
