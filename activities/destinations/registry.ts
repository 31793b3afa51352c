import type { DestinationOf, DestinationType } from '../../schemas/destinations.js'
import type { DestinationDriver } from './driver.js'
import { createLocalPlace, local } from './local.js'

/** What one type of destination can do besides storing objects. */
export interface DestinationKind<T extends DestinationType> {
  open(random: (digits: number) => string): DestinationDriver<T>
  /** Where it is, whatever its name: the same place under two names is one. */
  location(settings: DestinationOf<T>): string
  /** Makes a place that was never used ready for its first object. May run twice. */
  create(name: string, settings: DestinationOf<T>): Promise<void>
}

export const destinationKinds: { readonly [T in DestinationType]: DestinationKind<T> } = {
  local: {
    open: local,
    location: ({ path }) => `local:${path}`,
    create: (name, { path }) => createLocalPlace(name, path),
  },
}
