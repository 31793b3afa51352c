import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client'

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number]

/** The retries of the client, which can be ended before their connection is. */
export interface Retries {
  readonly interceptor: Interceptor
  /** Begins none from now on, and waits for those that cannot be stopped any more: their longest pause is 6 seconds. */
  end(): Promise<void>
}

/**
 * The client knows no end of its retries: one whose time comes after the end of its connection throws where nobody can catch
 * it, and takes the process with it ("Channel has been shut down"). So those that were decided on are counted until they have
 * begun; from then on they end with their connection, as any other call.
 */
export function createRetries(): Retries {
  const defaults = defaultGrpcRetryOptions()
  let isEnded = false
  let pausing = 0
  let onNone: () => void = () => undefined
  const interceptor: Interceptor = (options, nextCall) => {
    let isPausing = false
    const retrying = makeGrpcRetryInterceptor({
      retryableDecider: (attempt, status) => !isEnded && defaults.retryableDecider(attempt, status),
      delayFunction: (attempt, status) => {
        isPausing = true
        pausing++
        return defaults.delayFunction(attempt, status)
      },
    })
    return retrying(options, (next) => {
      if (isPausing) {
        isPausing = false
        if (--pausing === 0) onNone()
      }
      return nextCall(next)
    })
  }
  return {
    interceptor,
    end: async () => {
      isEnded = true
      if (pausing > 0) await new Promise<void>((resolve) => (onNone = resolve))
    },
  }
}
