import { HoldfastError } from '../core/errors.js'

/** Gathers expected failures, so that a person learns of all of them at once. */
export interface Problems {
  /** Answers what `work` answers, or undefined when it fails as expected. Bugs and cancellations pass through. */
  collect<T>(work: () => Promise<T>): Promise<T | undefined>
  /** Throws when there were any: one as it is, several as one error with the code of the first. */
  throwAny(what: string): void
}

export function gatherProblems(signal: AbortSignal): Problems {
  const found: HoldfastError[] = []
  return {
    collect: async (work) => {
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof HoldfastError)) throw error
        found.push(error)
        return undefined
      }
    },
    throwAny: (what) => {
      const [first, ...others] = found
      if (!first) return
      throw others.length === 0 ? first : together(what, first, found)
    },
  }
}

/** Failures travel in at most 4 KB. */
const NAMED_AT_MOST = 10

function together(what: string, first: HoldfastError, found: readonly HoldfastError[]): HoldfastError {
  const named = found.slice(0, NAMED_AT_MOST)
  const more = found.length > named.length ? [`… and ${found.length - named.length} more`] : []
  const hints = new Set(named.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))
  const sentences = [...named.map(({ message }) => `- ${message}`), ...more]
  return new HoldfastError(
    first.code,
    [`${found.length} things are in the way of ${what}:`, ...sentences].join('\n'),
    {
      ...(hints.size === 0 ? {} : { hint: [...hints].join('\n') }),
      details: { codes: found.map(({ code }) => code) },
      cause: first,
    },
  )
}
