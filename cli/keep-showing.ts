import { HoldfastError } from '../core/errors.js'
import { processInterrupts, type OnInterrupt } from './interrupts.js'
import { redrawn } from './output/redraw.js'
import type { Terminal } from './terminal.js'

/** Often enough for a morning's look; each look asks every host. */
const EVERY_MS = 10_000

export interface KeepShowing<T> {
  readonly terminal: Terminal
  /** What is to be shown, and what it is. */
  readonly look: () => Promise<{ readonly value: T; readonly text: string }>
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly onInterrupt?: OnInterrupt
}

/**
 * Shows something until Ctrl-C, drawn anew in its place, and gives what was seen last; the last lines stay where the screen
 * is too low. Fails with `flag.invalid` without a terminal to draw on, and with whatever a look fails with.
 */
export async function keepShowing<T>(showing: KeepShowing<T>): Promise<T> {
  const { terminal, look, sleep, onInterrupt = processInterrupts } = showing
  if (!terminal.isLive) {
    throw new HoldfastError('flag.invalid', '--watch draws on a terminal, and here is none.', {
      hint: 'Leave it out; for a script there is --json.',
    })
  }
  const screen = redrawn(terminal, 'last')
  const leave = new AbortController()
  const stopListening = onInterrupt(() => leave.abort())
  try {
    for (;;) {
      const { value, text } = await look()
      screen.show(text.split('\n'))
      await sleep(EVERY_MS, leave.signal)
      if (leave.signal.aborted) return value
    }
  } finally {
    stopListening()
  }
}
