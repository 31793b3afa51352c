import { setTimeout as delay } from 'node:timers/promises'

/** Tries again after each of the pauses, as long as it is worth it. The last failure is thrown; a cancellation at once. */
export async function repeated<T>(
  work: () => Promise<T>,
  options: {
    readonly pausesMs: readonly number[]
    readonly isWorthRepeating: (error: unknown) => boolean
    readonly signal: AbortSignal
  },
): Promise<T> {
  const { pausesMs, isWorthRepeating, signal } = options
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      const pauseMs = pausesMs[attempt]
      if (pauseMs === undefined || !isWorthRepeating(error)) throw error
      await delay(pauseMs, undefined, { signal })
    }
  }
}
