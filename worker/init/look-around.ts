import { createDockerClient } from '../../activities/services/docker-client.js'
import { readUnitsOfFiles } from '../../activities/services/systemd-ours.js'
import { HoldfastError } from '../../core/errors.js'
import type { SeenMachine, SeenSqlite } from '../../plan/propose/facts.js'
import { lookAtContainers, lookAtVolumes } from './containers.js'
import { lookForServers } from './servers.js'
import { findSqliteFiles } from './sqlite-files.js'

/** A person waits; a daemon that takes this long hangs. */
const LOOK_WITHIN_MS = 60_000

export interface LookOptions {
  readonly environment: NodeJS.ProcessEnv
  /** Name of the user that looks. */
  readonly user: string
  /** Folders to search for SQLite files. */
  readonly lookIn: readonly string[]
}

/** What runs on this machine, and what it keeps. Asks Docker, and looks at names of files; changes nothing, reads no secret. */
export async function lookAround({ environment, user, lookIn }: LookOptions): Promise<SeenMachine> {
  const [docker, servers, sqlite] = await Promise.all([
    lookAtDocker(environment),
    lookForServers(),
    lookForSqlite(lookIn),
  ])
  return { ...docker, servers, ...sqlite, user }
}

type DockerPart = Pick<SeenMachine, 'containers' | 'volumes' | 'dockerProblem'>

async function lookAtDocker(environment: NodeJS.ProcessEnv): Promise<DockerPart> {
  const client = createDockerClient(environment['DOCKER_HOST'] || undefined)
  const signal = AbortSignal.timeout(LOOK_WITHIN_MS)
  try {
    const [containers, volumes] = await Promise.all([
      lookAtContainers(client, signal),
      lookAtVolumes(client, signal),
    ])
    return { containers, volumes }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const hint = error.code === 'docker.denied' ? ` ${error.hint ?? ''}` : ''
    return { containers: [], volumes: [], dockerProblem: `${error.message}${hint}` }
  }
}

async function lookForSqlite(
  folders: readonly string[],
): Promise<Pick<SeenMachine, 'sqlite' | 'unfinished'>> {
  const searched = await Promise.all(
    folders.map(async (folder) => ({
      folder,
      ...(await findSqliteFiles(folder).catch(notSearched(folder))),
    })),
  )
  const paths = new Set(searched.flatMap((one) => one.paths))
  const units = await readUnitsOfFiles(paths)
  const sqlite = [...paths].map((path): SeenSqlite => {
    const unit = units.get(path)
    return { path, ...(unit === undefined ? {} : { unit }) }
  })
  return {
    sqlite,
    unfinished: searched.filter(({ isUnfinished }) => isUnfinished).map(({ folder }) => folder),
  }
}

const notSearched =
  (folder: string) =>
  (cause: unknown): never => {
    throw new HoldfastError('flag.invalid', `${folder}, which --look-in names, cannot be searched.`, {
      hint: 'Name a folder that is there, and that this user may read.',
      cause,
    })
  }
