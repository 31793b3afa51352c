import { readFile } from 'node:fs/promises'
import type Docker from 'dockerode'

/** What we must never stop, because we need it to start anything again. */
export interface OurOwn {
  /** Of the container that this process runs in, where it does. */
  readonly containerId?: string
  /** `host:port` of our Temporal server. */
  readonly temporalAddress?: string
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])

/** Why a container must never be held; undefined for all others. */
export function refusalOf(container: Docker.ContainerInspectInfo, ours: OurOwn): string | undefined {
  if (ours.containerId !== undefined && container.Id === ours.containerId) {
    return 'Holdfast itself runs in it, and nobody would start it again'
  }
  if (ours.temporalAddress !== undefined && listensAt(container, ours.temporalAddress)) {
    return `it is the Temporal server of Holdfast (${ours.temporalAddress}), without which nothing is started again`
  }
  return undefined
}

/** By its name in our network, or by the port that it publishes on this host. */
function listensAt(container: Docker.ContainerInspectInfo, address: string): boolean {
  const split = address.lastIndexOf(':')
  const host = address.slice(0, split).replace(/^\[|\]$/g, '')
  const port = address.slice(split + 1)
  if (!LOOPBACK.has(host)) {
    const networks = Object.values(container.NetworkSettings.Networks)
    const aliases = networks.flatMap((network) => (network.Aliases ?? []) as readonly string[])
    return container.Name === `/${host}` || aliases.includes(host)
  }
  const published = Object.values(container.NetworkSettings.Ports) as (
    readonly { HostPort: string }[] | null
  )[]
  return published.some((bindings) => bindings?.some((binding) => binding.HostPort === port) === true)
}

/** Id of the Docker container that this process runs in: its files of names come from the container's own folder. */
export async function readOwnContainerId(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  return /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf) /.exec(mounts)?.[1]
}
