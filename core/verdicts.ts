import type { BackupSummary, HoldReport, Item, ServicesVerdict } from './backup.js'
import type { CopiesVerdict } from './copies.js'
import type { RunOutcome } from './work/runs.js'
import type { NotCapturedCause } from '../schemas/plan.js'

/** From good to bad. `held` is not bad: another run has the service, and starts it. */
const BADNESS: readonly ServicesVerdict[] = ['ok', 'held', 'unhealthy', 'not-restarted']

/** The verdict about the services: the worst of them. */
export const servicesVerdictOf = (reports: readonly HoldReport[]): ServicesVerdict =>
  reports.reduce<ServicesVerdict>(
    (worst, { health }) => (BADNESS.indexOf(health) > BADNESS.indexOf(worst) ? health : worst),
    'ok',
  )

/**
 * Good: the backup is good, every service is back or in the hands of another run, and every destination has its copy. Partial:
 * only a copy is missing.
 */
export function outcomeOf(
  { isGood }: BackupSummary,
  services: ServicesVerdict,
  copies: CopiesVerdict = 'complete',
): RunOutcome {
  if (!isGood || (services !== 'ok' && services !== 'held')) return 'not-good'
  return copies === 'complete' ? 'good' : 'partial'
}

/** How much was not captured, by cause, over all items. */
export function notCapturedOf(items: readonly Item[]): Partial<Record<NotCapturedCause, number>> {
  const total: Partial<Record<NotCapturedCause, number>> = {}
  for (const { notCapturedCounts } of items) {
    for (const [cause, count] of Object.entries(notCapturedCounts) as [NotCapturedCause, number][]) {
      if (count > 0) total[cause] = (total[cause] ?? 0) + count
    }
  }
  return total
}
