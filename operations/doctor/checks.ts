import { messageOf } from '../../core/causes.js'
import { HoldfastError } from '../../core/errors.js'
import { failedFinding, type Area, type Finding } from '../../core/doctor/finding.js'
import { formatDuration } from '../../core/units.js'

/** Files, queues and programs answer within milliseconds; one that takes this long hangs. */
const ANSWER_MS = 20_000

/** One look at one thing. Looks are independent of each other: one that fails hides nothing. */
export interface Check {
  readonly area: Area
  /** What is looked at, as the beginning of a sentence: `The keys`. */
  readonly what: string
  /** Default: 20 seconds. */
  readonly limitMs?: number
  readonly look: (signal: AbortSignal) => Promise<readonly Finding[]>
}

/** All at once, each within its limit; the findings in the order of the checks. Never fails. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Finding[]> {
  return (await Promise.all(checks.map(runCheck))).flat()
}

async function runCheck({ area, what, limitMs = ANSWER_MS, look }: Check): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(limitMs)
  try {
    return await abandonable(look(signal), signal)
  } catch (error) {
    if (signal.aborted) return [hangs(area, what, limitMs)]
    if (error instanceof HoldfastError) return [failedFinding({ area, severity: 'problem' }, error)]
    return [broken(area, what, error)]
  }
}

const hangs = (area: Area, what: string, limitMs: number): Finding => ({
  ...{ area, severity: 'problem' },
  what: `${what} did not answer within ${formatDuration(limitMs)}.`,
  why: 'What hangs now will hang in a run, too.',
  mend: 'Look whether a network mount, a server or a daemon behind it is gone.',
})

const broken = (area: Area, what: string, error: unknown): Finding => ({
  ...{ area, severity: 'problem' },
  what: `${what} could not be looked at: ${messageOf(error)}`,
  why: 'Holdfast did not expect this, and says nothing about it that it does not know.',
})

/** The work, or the reason of the signal as soon as that aborts: what does not listen is left alone. */
export function abandonable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const abandon = () => reject(signal.reason as Error)
    if (signal.aborted) abandon()
    else signal.addEventListener('abort', abandon, { once: true })
  })
  return Promise.race([work, aborted])
}
