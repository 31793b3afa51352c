import { counted } from '../core/units.js'
import { withoutMark } from './compose-yaml.js'
import { maskSecrets } from './mask.js'

/** A mistake in a file, or something that deserves a second look, at its place. */
export interface Issue {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units. */
  readonly column: number
  /** How many characters of the line the issue is about; at least 1. */
  readonly length: number
  readonly severity: 'error' | 'warning'
  /** `hold.services[0]`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  /** What to do. */
  readonly hint?: string
}

/** The longest part of a source line that is shown. */
const SHOWN_COLUMNS = 140

export const hasErrors = (issues: readonly Issue[]): boolean =>
  issues.some(({ severity }) => severity === 'error')

/** By line within a file; files in the order in which they were given. */
export function orderIssues(issues: readonly Issue[]): readonly Issue[] {
  const files = [...new Set(issues.map(({ file }) => file))]
  return [...issues].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
}

/**
 * All issues for people: place, message and hint, the source line with a caret, and a summary; empty without issues.
 * Values that stand where secrets belong are never shown. `texts` holds the text of each file by its name; an issue of a
 * file without text is shown without its source line.
 */
export function renderIssues(issues: readonly Issue[], texts: Readonly<Record<string, string>>): string {
  if (issues.length === 0) return ''
  const shown = new Map<string, readonly string[]>()
  const linesOf = (file: string): readonly string[] => {
    const known = shown.get(file)
    if (known) return known
    const text = Object.hasOwn(texts, file) ? (texts[file] ?? '') : ''
    const lines = text === '' ? [] : maskSecrets(withoutMark(text)).split(/\r?\n/)
    shown.set(file, lines)
    return lines
  }
  const placeWidth = Math.max(...issues.map((issue) => placeOf(issue).length))
  const severityWidth = Math.max(...issues.map(({ severity }) => severity.length))
  const blocks = issues.map((issue) => {
    const place = placeOf(issue).padEnd(placeWidth)
    const headline = `${place} ${issue.severity.padEnd(severityWidth)}  ${sentenceOf(issue)}`
    return [headline, ...excerpt(issue, linesOf(issue.file)[issue.line - 1])].join('\n')
  })
  return [...blocks, summaryOf(issues)].join('\n')
}

const placeOf = ({ file, line, column }: Issue): string => `${file}:${line}:${column}`

const sentenceOf = ({ path, message, hint }: Issue): string =>
  visible(`${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` ${hint}`}`)

function excerpt(issue: Issue, sourceLine: string | undefined): string[] {
  if (sourceLine === undefined || sourceLine.trim() === '') return []
  const marked = sourceLine.slice(issue.column - 1, issue.column - 1 + issue.length)
  // What was masked has nothing to show: the message says what belongs there.
  if (/^\*+$/.test(marked)) return []
  const from = Math.max(0, Math.min(issue.column - 1 - 40, sourceLine.length - SHOWN_COLUMNS))
  const text = visible(sourceLine.slice(from, from + SHOWN_COLUMNS))
  const before = sourceLine.slice(from, issue.column - 1).replace(/[^\t]/g, ' ')
  const caret = '^'.repeat(Math.max(1, Math.min(issue.length, text.length - before.length)))
  return [`${String(issue.line).padStart(5)} | ${text}`, `      | ${before}${caret}`]
}

/** Control characters could steer the terminal; they are shown as a replacement instead. */
const visible = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')

function summaryOf(issues: readonly Issue[]): string {
  const count = (wanted: Issue['severity']) => issues.filter(({ severity }) => severity === wanted).length
  const errors = count('error')
  const warnings = count('warning')
  const parts = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ]
  const files = new Set(issues.map(({ file }) => file)).size
  return `${parts.join(' and ')} in ${counted(files, 'file')}`
}
