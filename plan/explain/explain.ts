import type { CompiledPlan } from '../compile.js'
import { durationInWords } from '../words.js'
import { keptLines } from './kept.js'
import { notesOf } from './notes.js'
import { restoreLines } from './restore.js'
import { stepsOf } from './steps.js'
import { verifiedSentence, whenLines } from './times.js'

export interface ExplainOptions {
  readonly now: Date
  /** How many of the next runs to name. */
  readonly nextRuns: number
}

/**
 * What a plan will do, in sentences: what is read, what stops for how long at most, where to, when, what is kept, and
 * what a restore does.
 */
export function explainPlan(plan: CompiledPlan, { now, nextRuns }: ExplainOptions): string {
  const { job, schedule, freshnessMs } = plan
  const verified = verifiedSentence(plan)
  const watched =
    freshnessMs === undefined
      ? []
      : [`An alarm while the newest good backup is older than ${durationInWords(freshnessMs)}.`]
  const paragraphs = [
    [`Plan ${plan.name} (${plan.file})`, ...(plan.description === undefined ? [] : [plan.description])],
    section(
      `Each run, on host ${plan.host}:`,
      stepsOf(plan).map((step, index) => `${index + 1}. ${step}`),
    ),
    section('When:', whenLines(schedule, now, nextRuns)),
    section('Kept:', keptLines(job)),
    section('Verified:', verified === undefined ? [] : [verified]),
    section('Watched:', watched),
    section('At a restore:', restoreLines(job)),
    section(
      'Please note:',
      notesOf(plan, now).map((note) => `- ${note}`),
    ),
  ]
  return `${paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)]
