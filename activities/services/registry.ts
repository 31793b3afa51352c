import type Docker from 'dockerode'
import { HoldfastError } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import type { ServiceRegistry } from '../tools.js'
import { commandDriver } from './command.js'
import { createDockerClient } from './docker-client.js'
import { findContainers } from './docker-find.js'
import { refusalOf } from './docker-ours.js'
import { dockerVolumePath } from './docker-volume.js'
import { dockerDriver } from './docker.js'
import type { ServiceDriver, Shell } from './driver.js'
import { lxcDriver } from './lxc.js'
import { createHostShell, minimal } from './shell.js'
import { readUnitsListeningAt } from './systemd-ours.js'
import { systemdDriver } from './systemd.js'

const RUNTIMES = ['docker', 'command', 'systemd', 'lxc'] as const
export type Runtime = (typeof RUNTIMES)[number]

export interface ServicesOptions {
  readonly site: Pick<Site, 'services' | 'temporal'>
  /** Of our process: tools on the host see the harmless part of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly random: (digits: number) => string
  /** As in DOCKER_HOST; left out: the usual socket. */
  readonly dockerHost?: string
  /** The container that we run in: see `readOwnContainerId`. */
  readonly ownContainerId?: string
  /** The systemd units that we run in: see `readOwnUnits`. */
  readonly ownUnits?: readonly string[]
}

export interface Services extends ServiceRegistry {
  /** Left out: the host. `docker:shop-db`: inside that container. */
  shell(place?: string): Shell
  /** Where the data of a Docker volume lies on this host. */
  volumePath(volume: string, signal: AbortSignal): Promise<string>
}

/** The services of this host, by the runtimes that they live in. Touches nothing yet. */
export function createServices(options: ServicesOptions): Services {
  const { site, environment, random, dockerHost, ownContainerId, ownUnits = [] } = options
  const temporalAddress = site.temporal?.address
  const client = createDockerClient(dockerHost)
  const host = createHostShell(environment)
  const ours = {
    ...(ownContainerId === undefined ? {} : { containerId: ownContainerId }),
    ...(temporalAddress === undefined ? {} : { temporalAddress }),
  }
  const refusal = (container: Docker.ContainerInspectInfo) => refusalOf(container, ours)
  const drivers = {
    docker: dockerDriver({ client, random, refusal }),
    command: commandDriver({ services: site.services, shell: host, environment: minimal(environment) }),
    systemd: systemdDriver({
      shell: host,
      ownUnits,
      ...(temporalAddress === undefined
        ? {}
        : { temporalUnits: () => readUnitsListeningAt(temporalAddress) }),
    }),
    lxc: lxcDriver({
      shell: host,
      ...(temporalAddress === undefined ? {} : { temporalAddress }),
    }),
  } satisfies { [R in Runtime]: ServiceDriver }

  const driver = (reference: string) => {
    const { runtime, name } = parseReference(reference)
    return { driver: drivers[runtime], name, runtime }
  }
  return {
    driver,
    resolve: async (reference, signal) => {
      const found = driver(reference)
      return `${found.runtime}:${await found.driver.resolve(found.name, signal)}`
    },
    find: async (selector, signal) =>
      (await findContainers(client, selector, refusal, signal)).map((name) => `docker:${name}`),
    shell: (place) => {
      if (place === undefined) return host
      const found = driver(place)
      return found.driver.shell(found.name)
    },
    volumePath: (volume, signal) => dockerVolumePath(client, volume, signal),
  }
}

function parseReference(reference: string): { runtime: Runtime; name: string } {
  const colon = reference.indexOf(':')
  const runtime = RUNTIMES.find((known) => known === reference.slice(0, colon))
  const name = reference.slice(colon + 1)
  // What starts with a dash would be an option to some tool.
  if (runtime !== undefined && /^[^-]/.test(name)) return { runtime, name }
  throw new HoldfastError('service.invalid', `"${reference}" is no reference to a service.`, {
    hint: 'Write docker:CONTAINER, docker:PROJECT/SERVICE, systemd:UNIT.service, lxc:CONTAINER or command:NAME.',
  })
}
