/** Waits for a condition, looking often; fails with `what` after the limit. The only way to wait in tests. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 20_000,
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + limitMs; ;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
