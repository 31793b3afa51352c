import type { Client } from '@temporalio/client'
import { setTimeout as delay } from 'node:timers/promises'
import { connectClientTo, DEFAULT_NAMESPACE, type TemporalTarget } from './connection.js'
import { listensOn } from './listening.js'
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

/** A process that should listen on these ports. */
interface Server {
  readonly pid: number
  readonly ports: Ports
}

/** Whether this server, and no other on its port, answers at once. */
export const answers = (server: Server): Promise<boolean> => succeeds(server, () => Promise.resolve())

/**
 * Waits until the server answers and its namespace has our search attributes. False when it ends before that, as one does
 * that finds a port taken; when it takes a minute; when `signal` aborts. Another server that took the port in the same
 * moment answers there too, and is never asked: we would bring our work to a stranger.
 */
export async function becomesReady(
  server: Server,
  isRunning: () => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_WITHIN_MS)])
  while (isRunning() && !limit.aborted) {
    // Right after it listens, the server answers that it does not know the namespace, or that it is not there yet.
    if (await succeeds(server, ({ connection }) => prepareNamespace(connection, DEFAULT_NAMESPACE)))
      return isRunning()
    await delay(POLL_INTERVAL_MS)
  }
  return false
}

/** Whether this server, and no other on its port, can be reached, and `work` succeeds with it. */
async function succeeds({ pid, ports }: Server, work: (client: Client) => Promise<void>): Promise<boolean> {
  if (!listensOn(pid, ports.frontend)) return false
  try {
    const { client, close } = await connectClientTo(targetOf(ports), { timeoutMs: ANSWER_WITHIN_MS })
    await work(client).finally(close)
    return true
  } catch {
    return false
  }
}
