import type { Site } from '../core/site.js'
import type { ConfigSecret } from '../schemas/common.js'
import { connectClient } from '../temporal/connection.js'
import type { Asker } from './questions.js'

/** What operations need of the world besides Temporal. */
export interface OperationsWorld {
  readonly clock: () => Date
  /** Hex digits for names. */
  readonly random: (digits: number) => string
  readonly uuid: () => string
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Of the connection to Temporal; all other secrets are for workers. */
  readonly resolveSecret: (reference: ConfigSecret) => Promise<string>
}

/** A connection to the site's Temporal, and the world around it. */
export interface Session extends Asker {
  readonly site: Site
  readonly world: OperationsWorld
}

/** Connects, works, disconnects whatever happens. Fails with `temporal.unreachable`, `temporal.denied`, `temporal.namespace-missing`. */
export async function withSession<T>(
  site: Site,
  world: OperationsWorld,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { client, close } = await connectClient(site, { resolveSecret: world.resolveSecret })
  try {
    return await work({ site, world, client })
  } finally {
    await close()
  }
}
