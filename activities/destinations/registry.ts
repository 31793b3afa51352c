import type { DestinationOf, DestinationType } from '../../schemas/destinations.js'
import type { Secrets } from '../secrets.js'
import type { Shell } from '../services/driver.js'
import type { DestinationDriver } from './driver.js'
import { createLocalPlace, local } from './local.js'
import { createPluginPlace, plugin, pluginLocation } from './plugin.js'
import { s3 } from './s3.js'
import { sftp } from './sftp.js'
import { createSftpPlace, sftpLocation } from './sftp/place.js'
import { pooledSessions } from './sftp/pooled.js'

/** What drivers are given of the world. */
export interface DriverWorld {
  readonly clock: () => Date
  /** Hex digits. */
  readonly random: (digits: number) => string
  readonly secrets: Pick<Secrets, 'resolve'>
  /** The host's. */
  readonly shell: Shell
}

/** What one type of destination can do besides storing objects. */
export interface DestinationKind<T extends DestinationType> {
  readonly open: DestinationDriver<T>
  /** Where it is, whatever its name: the same place under two names is one. */
  location(settings: DestinationOf<T>): string
  /** Makes a place that was never used ready for its first object. May run twice. */
  create(name: string, settings: DestinationOf<T>, signal: AbortSignal): Promise<void>
}

export type DestinationKinds = { readonly [T in DestinationType]: DestinationKind<T> }

/** Call it once for each process: connections that drivers keep for their next use belong to it. */
export function createDestinationKinds(world: DriverWorld): DestinationKinds {
  const sftpWorld = { random: world.random, connect: pooledSessions(world.secrets) }
  return {
    local: {
      open: local(world.random),
      location: ({ path }) => `local:${path}`,
      create: (name, { path }) => createLocalPlace(name, path),
    },
    s3: {
      open: s3(world),
      location: ({ endpoint = 'aws', bucket, prefix = '' }) =>
        `s3:${endpoint.replace(/\/$/, '')}/${bucket}/${prefix}`,
      // A bucket costs money and has rules of its own: people create it. Its first object says whether it is there.
      create: async () => undefined,
    },
    sftp: {
      open: sftp(sftpWorld),
      location: sftpLocation,
      create: (name, settings, signal) => createSftpPlace(sftpWorld, { name, settings }, signal),
    },
    plugin: {
      open: plugin(world),
      location: pluginLocation,
      create: (name, settings, signal) => createPluginPlace(world, { name, settings }, signal),
    },
  }
}
