import type { RunEnd } from '../operations/follow.js'
import type { StartedRun } from '../operations/runs.js'
import type { Session } from '../operations/session.js'
import { Cancelled } from './cancelled.js'
import { processInterrupts, type OnInterrupt } from './interrupts.js'
import { progressView, type ProgressView } from './output/progress-view.js'
import type { Terminal } from './terminal.js'

/** Fast enough to look alive, slow enough that a hundred watchers are no load. */
const LOOK_EVERY_MS = 500

export interface Watching {
  readonly session: Session
  readonly terminal: Terminal
  readonly clock: () => Date
  /** `none`: only the end is waited for. */
  readonly progress: ProgressView['kind']
  /** Default: the signals of the process. */
  readonly onInterrupt?: OnInterrupt
}

export const progressKind = (terminal: Terminal, isQuiet: boolean): ProgressView['kind'] =>
  isQuiet ? 'none' : terminal.isLive ? 'live' : 'plain'

/**
 * Shows a run until it ends, and gives its result. Ctrl-C asks, on a terminal, whether to leave the run going or to cancel
 * it; without anybody to ask it leaves it: a run is durable, and whoever ends a command has not asked to lose a backup.
 * Throws `Cancelled` where there is no result.
 */
export async function watchRun<T>(watching: Watching, run: StartedRun<T>): Promise<T> {
  const { followRun } = await import('../operations/follow.js')
  const { session, terminal, clock, progress, onInterrupt = processInterrupts } = watching
  const view = progressView(terminal, clock, progress)
  const leave = new AbortController()
  const ended = new AbortController()
  const interruption = new Interruption(watching, run, view, { leave, ended: ended.signal })
  const stopListening = onInterrupt((signal) => void interruption.handle(signal))
  try {
    const end = await followRun<T>(session.client, run, {
      everyMs: LOOK_EVERY_MS,
      sleep: session.world.sleep,
      signal: leave.signal,
      ...(progress === 'none'
        ? {}
        : { onView: (seen) => (interruption.isAsking ? undefined : view.show(seen)) }),
    })
    return resultOf(end, run)
  } finally {
    ended.abort()
    stopListening()
    if (view.kind === 'live') view.clear()
  }
}

function resultOf<T>(end: RunEnd<T>, { workflowId }: StartedRun<T>): T {
  switch (end.status) {
    case 'completed':
      return end.result
    case 'cancelled':
      throw new Cancelled(
        `${workflowId} was cancelled. \`holdfast status\` shows whether anything is still held.`,
      )
    case 'left':
      throw new Cancelled(
        `${workflowId} goes on. See it with \`holdfast run watch ${workflowId}\`, end it with \`holdfast run cancel ${workflowId}\`.`,
      )
  }
}

/** What happens when somebody presses Ctrl-C. */
class Interruption {
  isAsking = false
  readonly #watching: Watching
  readonly #run: StartedRun<unknown>
  readonly #view: ProgressView
  readonly #signals: { readonly leave: AbortController; readonly ended: AbortSignal }

  constructor(
    watching: Watching,
    run: StartedRun<unknown>,
    view: ProgressView,
    signals: { readonly leave: AbortController; readonly ended: AbortSignal },
  ) {
    this.#watching = watching
    this.#run = run
    this.#view = view
    this.#signals = signals
  }

  async handle(signal: string): Promise<void> {
    const { terminal } = this.#watching
    // A second Ctrl-C, or a signal that no person at this terminal sent.
    if (this.isAsking || signal !== 'SIGINT' || !terminal.isInteractive) return this.#signals.leave.abort()
    this.isAsking = true
    this.#view.clear()
    try {
      await this.#act(await this.#ask())
    } catch {
      // Ctrl-C at the question, or a Temporal that cannot be told to cancel: the run goes on, and we say so.
      this.#signals.leave.abort()
    } finally {
      this.isAsking = false
    }
  }

  #ask(): Promise<'watch' | 'leave' | 'cancel' | 'ended'> {
    const { terminal } = this.#watching
    return terminal
      .choose<'watch' | 'leave' | 'cancel'>(
        `${this.#run.workflowId} is still running.`,
        [
          { value: 'watch', name: 'Keep watching' },
          { value: 'leave', name: 'Leave it running, and stop watching' },
          { value: 'cancel', name: 'Cancel it; its services are started again' },
        ],
        this.#signals.ended,
      )
      .catch((error: unknown) => {
        if (this.#signals.ended.aborted) return 'ended' as const
        throw error
      })
  }

  async #act(answer: 'watch' | 'leave' | 'cancel' | 'ended'): Promise<void> {
    if (answer === 'leave') this.#signals.leave.abort()
    if (answer !== 'cancel') return
    const { cancelRun } = await import('../operations/runs.js')
    await cancelRun(this.#watching.session.client, this.#run)
    this.#watching.terminal.write('Cancelling: waiting until its services run again.\n')
  }
}
