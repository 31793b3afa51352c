import type { ErrorReport } from '../errors.js'

/**
 * `problem`: tonight's run fails, or does not begin. `warning`: it works, and deserves a look. `fine`: was looked at, and is as
 * it should be.
 */
export type Severity = 'problem' | 'warning' | 'fine'

export type Area =
  | 'configuration'
  | 'temporal'
  | 'workers'
  | 'schedules'
  | 'plans'
  | 'tools'
  | 'rights'
  | 'keys'
  | 'secrets'
  | 'destinations'
  | 'space'
  | 'clock'
  | 'journal'
  | 'alarms'

/** One thing that was looked at, and what came of it. */
export interface Finding {
  readonly area: Area
  readonly severity: Severity
  /** One sentence. */
  readonly what: string
  /** What it would do to backups. */
  readonly why?: string
  /** The command, or the deed, that mends it. */
  readonly mend?: string
}

/** What could not be found out, and why. */
export type Failed = Pick<ErrorReport, 'message'> & { readonly hint?: string }

/** What was found out, or why it could not be. */
export type Told<T> = { readonly value: T } | { readonly failed: Failed }

export const fine = (area: Area, what: string): Finding => ({ area, severity: 'fine', what })

/** A failure as a finding: its own words, and its hint as the cure. */
export const failedFinding = (
  of: Pick<Finding, 'area' | 'severity' | 'why'>,
  { message, hint }: Failed,
  before = '',
): Finding => ({ ...of, what: `${before}${message}`, ...(hint === undefined ? {} : { mend: hint }) })

export interface FindingCounts {
  readonly problems: number
  readonly warnings: number
  readonly fine: number
}

export function countFindings(findings: readonly Finding[]): FindingCounts {
  const count = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length
  return { problems: count('problem'), warnings: count('warning'), fine: count('fine') }
}

const ORDER: readonly Severity[] = ['problem', 'warning', 'fine']

/** The worst first; within that, as they were found. */
export const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
