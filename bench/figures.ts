import { performance } from 'node:perf_hooks'

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** A line for docs/performance.md: what was measured, the figure, and what it is held against. */
export function report(what: string, figure: string, atLeast: string): void {
  console.log(`${what.padEnd(58)} ${figure.padEnd(34)} (${atLeast})`)
}
