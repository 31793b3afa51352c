import { constants } from 'node:fs'
import { access, readdir, realpath } from 'node:fs/promises'
import type { VolumeInspectInfo } from 'dockerode'
import { HoldfastError } from '../../core/errors.js'
import { mountPoints } from '../mounts.js'
import { statusOf, type DockerClient } from './docker-client.js'

/**
 * Where the data of a Docker volume lies on this host, now: of a volume that Docker mounts (NFS, CIFS, tmpfs, drivers of others)
 * only while a container that uses it runs. Fails with `source.not-found` for a volume that does not exist, lies elsewhere or is
 * not mounted, and with `source.denied` when we may not read it.
 */
export async function dockerVolumePath(
  client: DockerClient,
  volume: string,
  signal: AbortSignal,
): Promise<string> {
  const found = await inspect(client, volume, signal)
  const bound = boundFolder(found)
  const path = bound ?? found.Mountpoint
  if (bound === undefined && !(await isMountedIfNeeded(found))) throw notMounted(volume)
  try {
    await access(path, constants.R_OK | constants.X_OK)
    return path
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EACCES' || code === 'EPERM') {
      throw new HoldfastError(
        'source.denied',
        `The Holdfast worker may not read volume "${volume}" at ${path}.`,
        {
          hint: 'Run the data worker as root: volumes of Docker belong to root.',
          cause: error,
        },
      )
    }
    throw new HoldfastError(
      'source.not-found',
      `Volume "${volume}" lies at ${path}, which does not exist where the Holdfast worker runs.`,
      {
        hint: 'Run the worker on the host of the Docker daemon; in a container, mount that folder at the same path.',
        cause: error,
      },
    )
  }
}

/**
 * The folder behind a volume that only binds one (`type: none, o: bind, device: /srv/data`): it is there whatever Docker has
 * mounted. Source: https://docs.docker.com/reference/cli/docker/volume/create/#opt
 */
function boundFolder({ Driver, Options }: VolumeInspectInfo): string | undefined {
  const options = Options?.['o']?.split(',') ?? []
  const isBind = Driver === 'local' && (options.includes('bind') || options.includes('rbind'))
  return isBind ? Options?.['device'] : undefined
}

/** Below a mount that is gone lies an empty folder: read as it is, it would be a good backup of nothing. */
async function isMountedIfNeeded({ Driver, Options, Mountpoint }: VolumeInspectInfo): Promise<boolean> {
  if (Driver === 'local' && Options?.['device'] === undefined) return true
  const path = await realpath(Mountpoint).catch(() => Mountpoint)
  if ((await mountPoints()).includes(path)) return true
  // Drivers of others may keep their data in a folder of the host, without a mount.
  return Driver !== 'local' && (await readdir(path).catch(() => [])).length > 0
}

const notMounted = (volume: string): HoldfastError =>
  new HoldfastError(
    'source.not-found',
    `Volume "${volume}" is not mounted: Docker mounts it only while a container that uses it runs.`,
    {
      hint: 'Hold its containers with "mode: pause", which leaves it mounted, or keep another container running that uses it.',
    },
  )

async function inspect(
  client: DockerClient,
  volume: string,
  signal: AbortSignal,
): Promise<VolumeInspectInfo> {
  try {
    return await client.ask((docker, abortSignal) => docker.getVolume(volume).inspect({ abortSignal }), {
      signal,
    })
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
