import type Docker from 'dockerode'
import type { DockerClient } from '../../activities/services/docker-client.js'
import { nameOf } from '../../activities/services/docker-names.js'
import { isOneOff, PROJECT, SERVICE } from '../../activities/services/docker-resolve.js'
import type { SeenContainer } from '../../plan/propose/facts.js'

/** More containers than a machine for which somebody begins with a proposal. */
const MOST_CONTAINERS = 500

/** Every container that belongs to a service, also those that are stopped, sorted by name; of variables only the names. */
export async function lookAtContainers(
  client: DockerClient,
  signal: AbortSignal,
): Promise<readonly SeenContainer[]> {
  const listed = await client.ask(
    (docker, abortSignal) => docker.listContainers({ all: true, abortSignal }),
    { signal },
  )
  const seen: SeenContainer[] = []
  for (const container of listed.filter((one) => !isOneOff(one)).slice(0, MOST_CONTAINERS)) {
    const found = await client.ask(
      (docker, abortSignal) => docker.getContainer(container.Id).inspect({ abortSignal }),
      { signal },
    )
    seen.push(seenContainer(found))
  }
  return seen.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

export async function lookAtVolumes(client: DockerClient, signal: AbortSignal): Promise<readonly string[]> {
  const { Volumes } = await client.ask((docker, abortSignal) => docker.listVolumes({ abortSignal }), {
    signal,
  })
  return (Volumes ?? []).map(({ Name }) => Name).toSorted()
}

function seenContainer(found: Docker.ContainerInspectInfo): SeenContainer {
  const { Config, State, Mounts } = found
  const project = Config.Labels[PROJECT]
  const service = Config.Labels[SERVICE]
  return {
    name: nameOf(found),
    image: Config.Image,
    isRunning: State.Running,
    ...(project === undefined ? {} : { project }),
    ...(service === undefined ? {} : { service }),
    // The values may be secrets: they are dropped here, at once.
    variables: (Config.Env ?? []).map((variable) => variable.split('=')[0] ?? ''),
    ports: Object.keys(Config.ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10)),
    mounts: Mounts.flatMap(({ Type, Name, Source, Destination, RW }) =>
      Type === 'volume' || Type === 'bind'
        ? [
            {
              type: Type,
              from: Type === 'volume' ? (Name ?? Source) : Source,
              to: Destination,
              isWritable: RW,
            },
          ]
        : [],
    ),
  }
}
