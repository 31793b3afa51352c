import { HoldfastError } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import type { Destination } from '../destinations/driver.js'
import type { Keys } from '../keys/key.js'
import type { Log } from '../log.js'
import type { WantedKeys } from './key-ring.js'

export interface CatalogParts {
  /** Opens a destination of holdfast.yaml, its marker checked. */
  readonly destinations: (name: string, signal: AbortSignal) => Promise<Destination>
  readonly site: Site
  readonly keys: Keys
  /** As the plans are now. */
  readonly wantedKeys: () => Promise<WantedKeys>
  /** Ours alone; may be deleted at any time. */
  readonly cacheFolder: string
  readonly log: Log
}

/** All, or the one that is asked for. Fails with `destination.not-found`. */
export function destinationNames(site: Site, only: string | undefined): readonly string[] {
  const names = Object.keys(site.destinations)
  if (only === undefined) return names
  if (names.includes(only)) return [only]
  throw new HoldfastError(
    'destination.not-found',
    `There is no destination "${only}" in ${site.configFile}.`,
    {
      hint: names.length === 0 ? 'Add it under `destinations`.' : `Choose one of: ${names.join(', ')}.`,
    },
  )
}

/** A cancelled listing has no answer, and a bug is nobody's problem but ours. */
export function expected(error: unknown, signal: AbortSignal): HoldfastError {
  signal.throwIfAborted()
  if (error instanceof HoldfastError) return error
  throw error
}

/** What is wrong with a place, in a sentence. Drivers name their destination themselves. */
export function problemOf(name: string, { message }: HoldfastError, place = ''): string {
  const named = `Destination "${name}"`
  if (!message.startsWith(named)) return `${named}${place}: ${message}`
  return `${named}${place}${message.slice(named.length)}`
}
