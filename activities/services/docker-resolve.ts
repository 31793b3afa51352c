import type Docker from 'dockerode'
import { HoldfastError } from '../../core/errors.js'
import { statusOf, type DockerClient } from './docker-client.js'
import { nameOf } from './docker-names.js'

export const PROJECT = 'com.docker.compose.project'
export const SERVICE = 'com.docker.compose.service'
const ONE_OFF = 'com.docker.compose.oneoff'
const SHOWN_DIGITS = 12

/** A container of `docker compose run`: it does one thing, and is no part of a service. */
export const isOneOff = ({ Labels }: Docker.ContainerInfo): boolean =>
  Labels[ONE_OFF]?.toLowerCase() === 'true'

/** The one container that `name` or `project/service` means. Fails with `service.not-found`, `service.invalid`. */
export async function resolveContainer(
  client: DockerClient,
  name: string,
  signal: AbortSignal,
): Promise<Docker.ContainerInspectInfo> {
  const [project = name, service] = name.split('/')
  const id = service === undefined ? name : await composeContainer(client, project, service, signal)
  const missing = (cause?: unknown) =>
    new HoldfastError('service.not-found', `Container "${name}" does not exist on ${client.host}.`, {
      hint: 'Create it, or correct the reference: "docker ps --all" lists the names.',
      cause,
    })
  try {
    const found = await client.ask(
      (docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }),
      { signal },
    )
    if (nameOf(found) !== name && !isIdOf(found, id)) throw missing()
    return found
  } catch (error) {
    throw statusOf(error) === 404 ? missing(error) : error
  }
}

/** Docker takes any beginning of an id: "db" would be a stranger as soon as no container is called so. `docker ps` shows 12 digits. */
const isIdOf = ({ Id }: Docker.ContainerInspectInfo, id: string): boolean =>
  id.length >= SHOWN_DIGITS && Id.startsWith(id)

async function composeContainer(
  client: DockerClient,
  project: string,
  service: string,
  signal: AbortSignal,
): Promise<string> {
  const label = [`${PROJECT}=${project}`, `${SERVICE}=${service}`]
  const found = await client.ask(
    (docker, abortSignal) => docker.listContainers({ all: true, filters: { label }, abortSignal }),
    { signal },
  )
  const containers = found.filter((container) => !isOneOff(container))
  const [only, another] = containers
  if (only === undefined) {
    throw new HoldfastError(
      'service.not-found',
      `Compose service "${project}/${service}" has no container on ${client.host}.`,
      {
        hint: 'Create it with "docker compose up", or correct project and service: "docker compose ls" lists projects.',
      },
    )
  }
  if (another !== undefined) {
    const names = containers.map(
      (container) => `docker:${(container.Names[0] ?? container.Id).replace(/^\//, '')}`,
    )
    throw new HoldfastError(
      'service.invalid',
      `Compose service "${project}/${service}" has ${containers.length} containers, and a reference means one.`,
      { hint: `Name each in the plan: ${names.sort().join(', ')}.` },
    )
  }
  return only.Id
}
