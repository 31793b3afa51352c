import type Docker from 'dockerode'
import { statusOf, type DockerClient } from './docker-client.js'
import { nameOf } from './docker-names.js'
import { PROJECT, SERVICE, isOneOff } from './docker-resolve.js'
import type { ServiceRelations } from './driver.js'

const DEPENDS_ON = 'com.docker.compose.depends_on'
/** Nobody's project is larger; a circle ends earlier, since each container is looked at once. */
const MOST_CONTAINERS = 200

/**
 * The containers that this one needs, also through others: by `depends_on` of Compose, and those whose network, processes,
 * memory or volumes it shares, or that it links to. What is not there is left out.
 */
export async function relationsOf(
  client: DockerClient,
  container: Docker.ContainerInspectInfo,
  signal: AbortSignal,
): Promise<ServiceRelations> {
  const needed = new Map<string, string>()
  const open = [container]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const id of [...sharedWith(next), ...(await dependencies(client, next, signal))]) {
      const found = await look(client, id, signal)
      if (!found || found.Id === container.Id || needed.has(found.Id)) continue
      if (needed.size === MOST_CONTAINERS) break
      needed.set(found.Id, nameOf(found))
      open.push(found)
    }
  }
  return { startsAfter: [...needed.values()].map((name) => `docker:${name}`), stopsAlso: [] }
}

/** Names or ids. */
function sharedWith({ HostConfig: config }: Docker.ContainerInspectInfo): readonly string[] {
  const namespaces = [config.NetworkMode, config.IpcMode, config.PidMode].flatMap((mode) =>
    mode?.startsWith('container:') === true ? [mode.slice('container:'.length)] : [],
  )
  const volumes = ((config.VolumesFrom ?? []) as readonly string[]).map((from) => from.split(':')[0] ?? '')
  // `/db:/web/db`: who is linked, and under what name.
  const links = ((config.Links ?? []) as readonly string[]).map((link) => link.split(':')[0]?.slice(1) ?? '')
  return [...namespaces, ...volumes, ...links].filter((name) => name !== '')
}

/** `db:service_healthy:false,cache:service_started:true`, of services of the same project. */
async function dependencies(
  client: DockerClient,
  { Config: { Labels: labels } }: Docker.ContainerInspectInfo,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const project = labels[PROJECT]
  const services = (labels[DEPENDS_ON] ?? '')
    .split(',')
    .map((dependency) => dependency.split(':')[0] ?? '')
    .filter((service) => service !== '')
  if (project === undefined || services.length === 0) return []
  const listed = await client.ask(
    (docker, abortSignal) =>
      docker.listContainers({ all: true, filters: { label: [`${PROJECT}=${project}`] }, abortSignal }),
    { signal },
  )
  return listed
    .filter((found) => !isOneOff(found) && services.includes(found.Labels[SERVICE] ?? ''))
    .map(({ Id }) => Id)
}

async function look(
  client: DockerClient,
  id: string,
  signal: AbortSignal,
): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await client.ask((docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }), {
      signal,
    })
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}
