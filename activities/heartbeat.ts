import { Context } from '@temporalio/activity'

const INTERVAL_MS = 2000

/**
 * Heartbeats while `work` runs, with the details that `details` gives: without heartbeats an activity sees neither a
 * cancellation nor a dead worker. Does *not* abandon `work` on cancellation; it gets the signal and decides (a stop or a
 * start must not go on behind our back).
 */
export async function withHeartbeat<T>(
  work: (signal: AbortSignal) => Promise<T>,
  details: () => unknown = () => undefined,
): Promise<T> {
  const context = Context.current()
  context.heartbeat(details())
  const timer = setInterval(() => context.heartbeat(details()), INTERVAL_MS)
  try {
    return await work(context.cancellationSignal)
  } finally {
    clearInterval(timer)
  }
}
