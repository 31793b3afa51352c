/** Works on up to `width` items at a time, and yields the results in the order of the items. */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      // Awaited in turn; until then a failure is nobody's unhandled rejection.
      result.catch(() => undefined)
      pending.push(result)
      if (pending.length >= width) yield await (pending.shift() as Promise<R>)
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<R>)
  } finally {
    // Threads still work on memory that the caller may want to use again.
    await Promise.allSettled(pending)
  }
}
