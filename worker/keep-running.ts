import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../core/causes.js'
import { endsInARow, restartDelayMs } from './restart.js'

/** Something that was started: a child process, a server. */
export interface Running {
  /** Resolves with why it ended, in words, asked for or not. Never rejects. */
  readonly ended: Promise<string>
  readonly stop: () => Promise<void>
}

export interface KeptRunning {
  /** Resolves when it was started for the first time; rejects when that failed, and then nothing is started again. */
  readonly started: Promise<void>
  /** Ends what runs now; the next is started at once. */
  readonly restart: () => Promise<void>
  /** Ends what runs, and starts nothing again. */
  readonly stop: () => Promise<void>
}

export interface KeepRunningOptions {
  readonly start: (signal: AbortSignal) => Promise<Running>
  readonly onEnded: (end: { readonly reason: string; readonly restartInMs: number }) => void
  readonly clock: () => Date
  /** Default: doubling, up to 30 seconds. */
  readonly delayMs?: (ends: number) => number
}

/** Starts it, and starts it again whenever it ends: later and later, but without end, until `stop`. */
export function keepRunning(options: KeepRunningOptions): KeptRunning {
  const stopping = new AbortController()
  let current: Running | undefined
  let isRestarting = false

  async function startOnce(): Promise<void> {
    const next = await options.start(stopping.signal)
    // Stopped while it was being started.
    if (stopping.signal.aborted) await next.stop()
    else current = next
  }

  async function startAgain(): Promise<string | undefined> {
    try {
      await startOnce()
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  async function run(first: Promise<void>): Promise<void> {
    let startedAt = options.clock()
    let reason = await first.then(
      () => current?.ended,
      () => stopping.abort(),
    )
    for (let ends = 0; !stopping.signal.aborted;) {
      ends = isRestarting ? 0 : endsInARow(ends, options.clock().getTime() - startedAt.getTime())
      const restartInMs = isRestarting ? 0 : (options.delayMs ?? restartDelayMs)(ends)
      isRestarting = false
      options.onEnded({ reason: reason ?? 'it was not started', restartInMs })
      await delay(restartInMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      startedAt = options.clock()
      reason = (await startAgain()) ?? (await current?.ended)
    }
  }

  const started = startOnce()
  const running = run(started)
  return {
    started,
    restart: async () => {
      isRestarting = true
      await current?.stop()
    },
    stop: async () => {
      stopping.abort()
      await current?.stop()
      await running
    },
  }
}
