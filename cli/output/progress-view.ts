import type { RunView } from '../../operations/follow.js'
import type { Terminal } from '../terminal.js'
import { nothingSaid, plainLines } from './plain-progress.js'
import { renderProgress } from './progress.js'
import { sampled, type Samples } from './rate.js'
import { redrawn } from './redraw.js'

/** Shows a run while it goes on: redrawn in place on a terminal, line by line elsewhere, not at all when quiet. */
export interface ProgressView {
  readonly kind: 'live' | 'plain' | 'none'
  show(view: RunView): void
  /** Takes a live view away, so that something else can be printed; the next `show` draws it again. */
  clear(): void
}

export function progressView(
  terminal: Terminal,
  clock: () => Date,
  kind: ProgressView['kind'],
): ProgressView {
  if (kind === 'none') return { kind, show: () => undefined, clear: () => undefined }
  return kind === 'live' ? liveView(terminal, clock) : plainView(terminal, clock)
}

function plainView(terminal: Terminal, clock: () => Date): ProgressView {
  let state = nothingSaid
  let samples: Samples = new Map()
  return {
    kind: 'plain',
    show(view) {
      const now = clock()
      samples = sampled(samples, view, now)
      const next = plainLines(state, view, samples, now)
      state = next.state
      for (const line of next.lines) terminal.write(`${line}\n`)
    },
    clear: () => undefined,
  }
}

function liveView(terminal: Terminal, clock: () => Date): ProgressView {
  const screen = redrawn(terminal, 'first')
  let samples: Samples = new Map()
  return {
    kind: 'live',
    show(view) {
      const now = clock()
      samples = sampled(samples, view, now)
      screen.show(renderProgress(view, samples, now))
    },
    clear: () => screen.clear(),
  }
}
