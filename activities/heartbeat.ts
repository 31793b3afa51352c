import { Context } from '@temporalio/activity'

const INTERVAL_MS = 2000

/**
 * Heartbeats while `work` runs, with the details that `details` gives: without heartbeats an activity sees neither a
 * cancellation nor a dead worker. Does *not* abandon `work` on cancellation; it gets the signal and decides (a stop or a
 * start must not go on behind our back).
 *
 * @param intervalMs a cancellation is seen as late as this; a third of the heartbeat timeout at most
 */
export async function withHeartbeat<T>(
  work: (signal: AbortSignal) => Promise<T>,
  details: () => unknown = () => undefined,
  intervalMs = INTERVAL_MS,
): Promise<T> {
  const context = Context.current()
  context.heartbeat(details())
  const timer = setInterval(() => context.heartbeat(details()), intervalMs)
  try {
    return await work(context.cancellationSignal)
  } finally {
    clearInterval(timer)
  }
}
