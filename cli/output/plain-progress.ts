import { stripVTControlCharacters } from 'node:util'
import type { SourceProgress } from '../../core/messages.js'
import type { RunView } from '../../operations/follow.js'
import { copyLine } from './copies.js'
import { captureText, holdLine, phaseText, retryText, uploadText } from './progress.js'
import type { Samples } from './rate.js'
import { oneLine } from './text.js'

/** What a log has been told so far. */
export interface PlainState {
  /** Subject → the last thing said of it. */
  readonly said: ReadonlyMap<string, string>
  readonly bytesSaidAt: number
}

export const nothingSaid: PlainState = { said: new Map(), bytesSaidAt: Number.NEGATIVE_INFINITY }

/** How often a log hears of bytes: a line a second would bury what matters. */
const BYTES_EVERY_MS = 10_000

/** What is new since the last look, one line each: for logs and pipes, where nothing can be redrawn. */
export function plainLines(
  state: PlainState,
  view: RunView,
  samples: Samples,
  now: Date,
): { readonly lines: readonly string[]; readonly state: PlainState } {
  const said = new Map(state.said)
  const lines: string[] = []
  // The key decides whether something is new; durations in the text change with every look.
  const say = (subject: string, key: string, text: string): void => {
    if (said.get(subject) === key) return
    said.set(subject, key)
    lines.push(stripVTControlCharacters(text))
  }
  const { progress } = view
  if (progress === undefined) say('run', 'no worker', 'waiting for a worker to answer')
  else {
    say('run', phaseText(progress), `${progress.backupId}: ${phaseText(progress)}`)
    for (const hold of progress.holds) say(`hold ${hold.service}`, hold.state, `  ${holdLine(hold, now)}`)
    for (const source of progress.sources.filter(({ state: sourceState }) => sourceState !== 'pending')) {
      const text = `  ${oneLine(source.name)}: ${sourceText(source.state, source.attempt)}`
      say(`source ${source.name}`, `${source.state} ${source.attempt}`, text)
    }
  }
  for (const copy of progress?.copies ?? [])
    say(`copy ${copy.destination}`, copy.state, `  ${copyLine(copy, undefined)}`)
  for (const warning of progress?.warnings ?? []) say(`warning ${warning}`, '', `  ! ${oneLine(warning)}`)
  for (const retry of view.retries) say(`retry ${retry.activity}`, retry.message, `  ! ${retryText(retry)}`)
  const isTimeForBytes = view.captures.length > 0 && now.getTime() - state.bytesSaidAt >= BYTES_EVERY_MS
  if (isTimeForBytes) {
    for (const capture of view.captures.filter(({ plainBytes }) => plainBytes > 0)) {
      const isUpload = progress?.sources.some(
        ({ name, state: doing }) => name === capture.source && doing === 'uploading',
      )
      const text = (isUpload === true ? uploadText : captureText)(capture, samples, now)
      lines.push(`  ${oneLine(capture.source)}:${text}`)
    }
  }
  return { lines, state: { said, bytesSaidAt: isTimeForBytes ? now.getTime() : state.bytesSaidAt } }
}

const sourceText = (state: SourceProgress['state'], attempt: number): string =>
  `${state === 'running' ? 'reading' : state}${attempt > 1 ? ` (attempt ${attempt})` : ''}`
