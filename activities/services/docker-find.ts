import type Docker from 'dockerode'
import { HoldfastError } from '../../core/errors.js'
import type { ServiceSelector } from '../../schemas/holds.js'
import { MOST_SERVICES } from '../../schemas/patterns.js'
import type { DockerClient } from './docker-client.js'
import { nameOf } from './docker-names.js'
import { isOneOff } from './docker-resolve.js'

/**
 * Names of all containers that have the label, or mount the volume: also of those that are stopped, which stay so. What
 * must never be held is left out. Fails with `service.not-found` when there is none, and with `service.invalid`.
 */
export async function findContainers(
  client: DockerClient,
  selector: ServiceSelector,
  refusal: (container: Docker.ContainerInspectInfo) => string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { usesVolume } = selector
  const filters: { label?: string[]; volume?: string[] } =
    usesVolume === undefined ? { label: [selector.label ?? ''] } : { volume: [usesVolume] }
  const listed = await client.ask(
    (docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal }),
    { signal },
  )
  // Docker takes the name of a volume for a folder in the container as well.
  const mounts = ({ Mounts }: Docker.ContainerInfo) =>
    usesVolume === undefined || Mounts.some(({ Type, Name }) => Type === 'volume' && Name === usesVolume)
  const names: string[] = []
  for (const container of listed.filter((found) => !isOneOff(found) && mounts(found))) {
    const found = await client.ask(
      (docker, abortSignal) => docker.getContainer(container.Id).inspect({ abortSignal }),
      { signal },
    )
    if (refusal(found) === undefined) names.push(nameOf(found))
  }
  if (names.length === 0) throw noneFound(selector, client.host)
  if (names.length > MOST_SERVICES) throw tooMany(selector, names.length)
  return names.sort()
}

const noneFound = ({ label, usesVolume }: ServiceSelector, host: string): HoldfastError =>
  usesVolume === undefined
    ? new HoldfastError('service.not-found', `No container on ${host} has the label "${label}".`, {
        hint: `Correct it in the plan: "docker ps --all --filter label=${label}" shows who has it.`,
      })
    : new HoldfastError('service.not-found', `No container on ${host} mounts the volume "${usesVolume}".`, {
        hint: `Correct it in the plan ("docker volume ls"), or remove it from the hold when nobody uses the volume.`,
      })

const tooMany = ({ label, usesVolume }: ServiceSelector, count: number): HoldfastError =>
  new HoldfastError(
    'service.invalid',
    `${count} containers ${usesVolume === undefined ? `have the label "${label}"` : `mount the volume "${usesVolume}"`}, and a hold has ${MOST_SERVICES} services at most.`,
    { hint: 'Use a label that only the services of this plan have.' },
  )
