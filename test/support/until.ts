const MIN_PAUSE_MS = 50
const MAX_PAUSE_MS = 2000

/**
 * Waits for a condition, looking often; fails with `what` after the limit. The only way to wait in tests. A look that takes
 * long, such as a command, is followed by a pause twice as long: waiting must not keep a core busy.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 20_000,
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + limitMs; ;) {
    const lookedAt = Date.now()
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain: ${what}`)
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, 2 * (Date.now() - lookedAt)))
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
