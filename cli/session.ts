import type { Site } from '../core/site.js'
import type { OperationsWorld, Session } from '../operations/session.js'

/** The world that commands give to operations. */
export async function commandWorld(site: Site): Promise<OperationsWorld> {
  const [{ randomBytes, randomUUID }, { setTimeout: delay }] = await Promise.all([
    import('node:crypto'),
    import('node:timers/promises'),
  ])
  return {
    clock: () => new Date(),
    random: (digits) =>
      randomBytes(Math.ceil(digits / 2))
        .toString('hex')
        .slice(0, digits),
    uuid: randomUUID,
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }).catch(() => undefined),
    // Only a server with an API key or certificates has secrets: all others are spared the loading.
    resolveSecret: async (reference) => {
      const { localTools } = await import('../worker/tools.js')
      const { resolveSecret } = await localTools(site, { environment: process.env })
      return resolveSecret(reference)
    },
  }
}

/** Connects to the site's Temporal for one piece of work. */
export async function connected<T>(site: Site, work: (session: Session) => Promise<T>): Promise<T> {
  const { withSession } = await import('../operations/session.js')
  return withSession(site, await commandWorld(site), work)
}
