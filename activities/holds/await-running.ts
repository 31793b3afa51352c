import { setTimeout as delay } from 'node:timers/promises'
import type { HoldTools } from './tools.js'

const FIRST_LOOK_MS = 500
/** Looking costs a request to the runtime; nobody waits for longer than a minute. */
const LONGEST_PAUSE_MS = 5000

/** Returns when all of these run, or at the limit: the service itself is worth more than its order. */
export async function awaitRunning(
  tools: Pick<HoldTools, 'services'>,
  { services, limitMs }: { readonly services: readonly string[]; readonly limitMs: number },
  signal: AbortSignal,
): Promise<void> {
  let missing = services
  let pauseMs = FIRST_LOOK_MS
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const isRunning = await Promise.all(missing.map((service) => runs(tools, service, signal)))
    missing = missing.filter((_, i) => !isRunning[i])
    if (missing.length === 0 || waitedMs >= limitMs) return
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS, limitMs - waitedMs)
    await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** What cannot be observed is waited for like what does not run. */
async function runs(
  { services }: Pick<HoldTools, 'services'>,
  service: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { driver, name } = services.driver(service)
    return (await driver.observe(name, signal)).state === 'running'
  } catch {
    signal.throwIfAborted()
    return false
  }
}
