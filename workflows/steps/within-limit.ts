import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { HoldfastError } from '../../core/errors.js'
import { formatDuration } from '../../core/units.js'

/**
 * Cancels `work` when it has taken longer than its plan allows, and fails with `run.timeout` after it has cleaned up. A
 * timer, because Temporal's own timeouts end a workflow without running its cleanup. `work` lifts the limit when what is left
 * to do has limits of its own.
 */
export async function withinLimit<T>(
  limitMs: number,
  what: string,
  work: (lift: () => void) => Promise<T>,
): Promise<T> {
  let isOver = false
  const working = new CancellationScope()
  const waiting = new CancellationScope()
  void waiting
    .run(() => sleep(limitMs, { summary: `limit of the ${what}` }))
    .then(
      () => {
        isOver = true
        working.cancel()
      },
      () => undefined,
    )
  try {
    return await working.run(() => work(() => waiting.cancel()))
  } catch (error) {
    // A worker that died meanwhile makes a timeout of it, not a cancellation.
    if (!isOver || (isCancellation(error) && CancellationScope.current().consideredCancelled)) throw error
    throw new HoldfastError('run.timeout', `The ${what} took longer than ${formatDuration(limitMs)}.`, {
      hint: 'Give the plan a longer `timeout`, or find out with `holdfast run show` what was slow.',
      cause: error,
    })
  } finally {
    waiting.cancel()
  }
}
