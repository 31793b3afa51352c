import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { Destination, KnownBody } from './driver.js'

/** Less than this is sent again in a minute at 10 Mbit/s: not worth looking for what is left of it, and comparing that. */
export const RESUMABLE_FROM_BYTES = 64 * 2 ** 20

/**
 * Stores a body that is known beforehand, as `put` does. A large one goes on where an earlier attempt was cut off, where
 * the destination can do that. `body` must error where it is not as `known` says.
 */
export function putKnown(
  destination: Destination,
  objectName: string,
  { body, known, signal }: { body: Readable; known: KnownBody; signal: AbortSignal },
): Promise<{ bytes: number }> {
  if (destination.putResumable && known.bytes >= RESUMABLE_FROM_BYTES)
    return destination.putResumable(objectName, body, { known, signal })
  return destination.put(objectName, body, { signal })
}

/**
 * Whether what a failed attempt has sent is of use to the next one. Not where something else has the name, and not where the
 * place is full: there it would take the room that others need.
 */
export const isWorthKeeping = (error: unknown): boolean =>
  !(error instanceof HoldfastError) || (error.code !== 'object.conflict' && error.kind !== 'capacity')
