import { setTimeout as delay } from 'node:timers/promises'
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client'

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number]

/** After the time of a retry, the call that it begins is there, and ends with its connection as any other. */
const BEGUN_AFTER_MS = 20

/** The retries of the client, which can be ended before their connection is. */
export interface Retries {
  readonly interceptor: Interceptor
  /** Begins none from now on, and waits for the one that cannot be stopped any more: at most 6 seconds. */
  end(): Promise<void>
}

/**
 * The client knows no end of its retries: one whose time comes after the end of its connection throws where nobody can catch
 * it, and takes the process with it ("Channel has been shut down").
 */
export function createRetries(now: () => number): Retries {
  const defaults = defaultGrpcRetryOptions()
  let isEnded = false
  let nextAt = -Infinity
  return {
    interceptor: makeGrpcRetryInterceptor({
      retryableDecider: (attempt, status) => !isEnded && defaults.retryableDecider(attempt, status),
      delayFunction: (attempt, status) => {
        const delayMs = defaults.delayFunction(attempt, status)
        nextAt = Math.max(nextAt, now() + delayMs)
        return delayMs
      },
    }),
    end: async () => {
      isEnded = true
      const waitMs = nextAt - now()
      if (waitMs > -BEGUN_AFTER_MS) await delay(Math.max(0, waitMs) + BEGUN_AFTER_MS)
    },
  }
}
