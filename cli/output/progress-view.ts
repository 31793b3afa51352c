import type { RunView } from '../../operations/follow.js'
import type { Terminal } from '../terminal.js'
import { nothingSaid, plainLines } from './plain-progress.js'
import { renderProgress } from './progress.js'
import { sampled, type Samples } from './rate.js'
import { clipped } from './text.js'

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
  let drawn = 0
  let samples: Samples = new Map()
  // Up over what was drawn, then erase from there to the end of the screen (ECMA-48: CUU, ED).
  const erase = () => (drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`)
  return {
    kind: 'live',
    show(view) {
      const now = clock()
      samples = sampled(samples, view, now)
      const lines = fitted(renderProgress(view, samples, now), terminal)
      terminal.write(`${erase()}${lines.join('\n')}\n`)
      drawn = lines.length
    },
    clear() {
      terminal.write(erase())
      drawn = 0
    },
  }
}

/** No wider and no longer than the screen: what has scrolled out of it cannot be erased. */
function fitted(lines: readonly string[], { columns, rows }: Terminal): readonly string[] {
  const most = Math.max(1, rows - 1)
  const shown =
    lines.length <= most ? lines : [...lines.slice(0, most - 1), `  … and ${lines.length - most + 1} more`]
  return shown.map((line) => clipped(line, columns - 1))
}
