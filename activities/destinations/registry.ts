import type { DestinationOf, DestinationType } from '../../schemas/destinations.js'
import type { Secrets } from '../secrets.js'
import type { DestinationDriver } from './driver.js'
import { createLocalPlace, local } from './local.js'
import { s3 } from './s3.js'

/** What drivers are given of the world. */
export interface DriverWorld {
  readonly clock: () => Date
  /** Hex digits. */
  readonly random: (digits: number) => string
  readonly secrets: Pick<Secrets, 'resolve'>
}

/** What one type of destination can do besides storing objects. */
export interface DestinationKind<T extends DestinationType> {
  open(world: DriverWorld): DestinationDriver<T>
  /** Where it is, whatever its name: the same place under two names is one. */
  location(settings: DestinationOf<T>): string
  /** Makes a place that was never used ready for its first object. May run twice. */
  create(name: string, settings: DestinationOf<T>): Promise<void>
}

export const destinationKinds: { readonly [T in DestinationType]: DestinationKind<T> } = {
  local: {
    open: ({ random }) => local(random),
    location: ({ path }) => `local:${path}`,
    create: (name, { path }) => createLocalPlace(name, path),
  },
  s3: {
    open: s3,
    location: ({ endpoint = 'aws', bucket, prefix = '' }) =>
      `s3:${endpoint.replace(/\/$/, '')}/${bucket}/${prefix}`,
    // A bucket costs money and has rules of its own: people create it. Its first object says whether it is there.
    create: async () => undefined,
  },
}
