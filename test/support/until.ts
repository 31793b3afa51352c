const MIN_PAUSE_MS = 50
const MAX_PAUSE_MS = 2000

const tellers = new Set<() => Promise<string>>()

/** What `until` says beside whatever it has waited for in vain; returned is the end of that. */
export function tellWhenInVain(tell: () => Promise<string>): () => void {
  tellers.add(tell)
  return () => void tellers.delete(tell)
}

/**
 * Waits for a condition, looking often; fails with `what` after the limit. The only way to wait in tests. A look that takes
 * long, such as a command, is followed by a pause twice as long: waiting must not keep a core busy. The limit is one for a busy
 * machine; a test of how soon something comes says its own.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 60_000,
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + limitMs; ;) {
    const lookedAt = Date.now()
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(await inVain(what, limitMs))
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, 2 * (Date.now() - lookedAt)))
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

async function inVain(what: string, limitMs: number): Promise<string> {
  const told = await Promise.all([...tellers].map((tell) => tell()))
  return [`Waited ${limitMs} ms in vain: ${what}`, ...told].join('\n')
}
