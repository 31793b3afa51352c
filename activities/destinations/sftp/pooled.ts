import type { Secrets } from '../../secrets.js'
import { connectSftp, type SftpPlace } from './connect.js'
import { credentialsOf } from './credentials.js'
import { SftpPool, type SessionLease } from './pool.js'

/** Connections for all destinations of a process; the secrets are resolved anew for each. */
export function pooledSessions(
  secrets: Pick<Secrets, 'resolve'>,
): (place: SftpPlace, signal: AbortSignal) => Promise<SessionLease> {
  const pool = new SftpPool()
  return (place, signal) =>
    pool.take(
      // Anything else in the settings may be another user with other rights.
      JSON.stringify(place),
      async () => connectSftp(place, await credentialsOf(place.name, place.settings, secrets)),
      signal,
    )
}
