import { setTimeout as delay } from 'node:timers/promises'

/** Asks again and again until it is so; fails, by name, after the limit. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const end = Date.now() + limitMs
  while (Date.now() < end) {
    if (await isSo()) return
    await delay(20)
  }
  throw new Error(`Not within ${limitMs} ms: ${what}`)
}
