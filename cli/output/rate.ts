import type { RunView } from '../../operations/follow.js'

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** Bytes read of each source over the last moments. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

/** Long enough that the rate does not jump with every heartbeat (one in 2 s), short enough to follow a slow disk. */
const WINDOW_MS = 15_000

/** Adds what a look at the run has shown; forgets what is older than the window, and sources that are done. */
export function sampled(samples: Samples, view: RunView, now: Date): Samples {
  return new Map(
    view.captures.map((capture) => {
      const before = samples.get(capture.source) ?? []
      const last = before.at(-1)
      // A new attempt starts from nothing.
      const kept = last !== undefined && capture.plainBytes < last.bytes ? [] : before
      const sample = { at: now.getTime(), bytes: capture.plainBytes }
      const young = kept.filter(({ at }) => now.getTime() - at <= WINDOW_MS)
      // Only movement is a sample: heartbeats come more rarely than looks.
      return [
        capture.source,
        last?.bytes === capture.plainBytes && young.length > 0 ? young : [...young, sample],
      ]
    }),
  )
}

/** Bytes per second; undefined until two moments are known. */
export function rateOf(samples: Samples, source: string, now: Date): number | undefined {
  const known = samples.get(source) ?? []
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined || last.at === first.at || now.getTime() <= first.at)
    return undefined
  // Up to now, not to the last heartbeat: a source that hangs is seen to slow down.
  return ((last.bytes - first.bytes) * 1000) / (now.getTime() - first.at)
}
