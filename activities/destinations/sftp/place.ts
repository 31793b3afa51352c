import { posix } from 'node:path'
import type { SftpDestination } from '../../../schemas/sftp-destination.js'
import { serverOf, type SftpPlace } from './connect.js'
import { explainSftp, isAbsence } from './failure.js'
import { makeFolders } from './folders.js'
import type { SessionLease } from './pool.js'

export interface SftpWorld {
  /** Hex digits for temporary names. */
  readonly random: (digits: number) => string
  /** A connection to the server, new or used before. */
  readonly connect: (place: SftpPlace, signal: AbortSignal) => Promise<SessionLease>
}

/** Makes the folder of a place that was never used. The one above it must be there. May run twice. */
export async function createSftpPlace(
  world: SftpWorld,
  place: SftpPlace,
  signal: AbortSignal,
): Promise<void> {
  const { path } = place.settings
  const { session, release } = await world.connect(place, signal)
  try {
    await makeFolders(session, { root: posix.dirname(path), relative: posix.basename(path) }, signal)
  } catch (error) {
    const doing = 'create the folder of'
    const server = `${serverOf(place.settings)} ${path}`
    throw explainSftp(error, {
      destination: place.name,
      place: server,
      folder: isAbsence(error) ? posix.dirname(path) : path,
      doing,
    })
  } finally {
    release()
  }
}

/** The path as the server takes it: what is not absolute starts where the user arrives. */
export function sftpLocation(settings: SftpDestination): string {
  const path = posix.normalize(settings.path).replace(/(?<=.)\/$/, '')
  return `sftp://${serverOf(settings)}${path.startsWith('/') ? path : `/~/${path}`}`
}
