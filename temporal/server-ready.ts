import { setTimeout as delay } from 'node:timers/promises'
import { connectClientTo, DEFAULT_NAMESPACE, type TemporalTarget } from './connection.js'
import { prepareNamespace } from './namespace.js'
import type { Ports } from './ports.js'

/** A start takes 1 to 3 seconds; on a busy machine with a big database it takes longer. */
const READY_WITHIN_MS = 60_000
const POLL_INTERVAL_MS = 50
const ANSWER_WITHIN_MS = 5000

export const addressOf = (ports: Ports): string => `127.0.0.1:${ports.frontend}`

const targetOf = (ports: Ports): TemporalTarget => ({
  kind: 'embedded',
  address: addressOf(ports),
  namespace: DEFAULT_NAMESPACE,
})

/** Whether the server on these ports answers at once. */
export async function answers(ports: Ports): Promise<boolean> {
  try {
    const { close } = await connectClientTo(targetOf(ports), ANSWER_WITHIN_MS)
    await close()
    return true
  } catch {
    return false
  }
}

/**
 * Waits until the server answers and its namespace has our search attributes. False when it ends before that, as one does
 * that listens already and then finds another of its ports taken; when it takes a minute; when `signal` aborts.
 */
export async function becomesReady(
  ports: Ports,
  isRunning: () => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_WITHIN_MS)])
  while (isRunning() && !limit.aborted) {
    try {
      const { client, close } = await connectClientTo(targetOf(ports), ANSWER_WITHIN_MS)
      await prepareNamespace(client.connection, DEFAULT_NAMESPACE).finally(close)
      return isRunning()
    } catch {
      // Right after it listens, the server answers that it does not know the namespace, or that it is not there yet.
      await delay(POLL_INTERVAL_MS)
    }
  }
  return false
}
