import pLimit from 'p-limit'

export interface Window {
  /** Items taken from the source whose result was not handed on yet. */
  readonly items: number
  /** Of these, at work at the same time. */
  readonly atOnce: number
}

/**
 * Works on several items at a time, and yields the results in the order of the items. A window that is larger than what
 * works at once keeps everybody busy while the oldest item is slow.
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  window: Window,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const limit = pLimit(window.atOnce)
  const pending: Promise<R>[] = []
  try {
    for await (const item of source) {
      const result = limit(() => work(item))
      // Awaited in turn; until then a failure is nobody's unhandled rejection.
      result.catch(() => undefined)
      pending.push(result)
      if (pending.length >= window.items) yield await (pending.shift() as Promise<R>)
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<R>)
  } finally {
    // Threads still work on memory that the caller may want to use again.
    await Promise.allSettled(pending)
  }
}
