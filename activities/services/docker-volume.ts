import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { HoldfastError } from '../../core/errors.js'
import { statusOf, type DockerClient } from './docker-client.js'

/**
 * Where the data of a Docker volume lies on this host. Fails with `source.not-found` for a volume that does not exist or
 * lies elsewhere, and with `source.denied` when we may not read it.
 */
export async function dockerVolumePath(
  client: DockerClient,
  volume: string,
  signal: AbortSignal,
): Promise<string> {
  const mountpoint = await mountpointOf(client, volume, signal)
  try {
    await access(mountpoint, constants.R_OK | constants.X_OK)
    return mountpoint
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EACCES' || code === 'EPERM') {
      throw new HoldfastError(
        'source.denied',
        `The Holdfast worker may not read volume "${volume}" at ${mountpoint}.`,
        {
          hint: 'Run the data worker as root: volumes of Docker belong to root.',
          cause: error,
        },
      )
    }
    throw new HoldfastError(
      'source.not-found',
      `Volume "${volume}" lies at ${mountpoint}, which does not exist where the Holdfast worker runs.`,
      {
        hint: 'Run the worker on the host of the Docker daemon; in a container, mount that folder at the same path.',
        cause: error,
      },
    )
  }
}

async function mountpointOf(client: DockerClient, volume: string, signal: AbortSignal): Promise<string> {
  try {
    const found = await client.ask(
      (docker, abortSignal) => docker.getVolume(volume).inspect({ abortSignal }),
      { signal },
    )
    return found.Mountpoint
  } catch (error) {
    if (statusOf(error) !== 404) throw error
    throw new HoldfastError(
      'source.not-found',
      `Docker volume "${volume}" does not exist on ${client.host}.`,
      {
        hint: 'Correct its name in the plan: "docker volume ls" lists them; Compose puts the project before it.',
        cause: error,
      },
    )
  }
}
