import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { buildPostgresImage, buildTinyImage } from './docker-images.js'
import { until } from './until.js'

/** Where a daemon listens, for tests; set by the one that starts it, so that workers of the same run find it again. */
const VARIABLE = 'HOLDFAST_TEST_DOCKER'
const LABEL = 'holdfast.test'

export interface DockerForTests {
  readonly socketPath: string
  /** For processes that shall use this daemon. */
  readonly environment: Readonly<Record<'DOCKER_HOST', string>>
  readonly docker: Docker
  /** Tag of the image of `images/tiny-service.sh`. */
  readonly tinyImage: string
  /** Tag of the image of PostgreSQL 15; built on first use, in some ten seconds. */
  postgresImage(): Promise<string>
  /** A container of a unique name, without network, labelled, created but not started. */
  create(
    image: string,
    options?: Docker.ContainerCreateOptions,
  ): Promise<{ name: string; container: Docker.Container }>
  /** Removes the containers that `create` of this object made. */
  clean(): Promise<void>
  /** Removes the containers of this object; ends the daemon, if it was started here. */
  stop(): Promise<void>
}

/**
 * A Docker daemon for tests: the one of HOLDFAST_TEST_DOCKER (`unix://…`), or one of our own as root; else the reason why
 * there is none. The first call sets the variable: call it in a global setup, and again in each worker.
 */
export async function startDocker(): Promise<DockerForTests | { readonly missing: string }> {
  const given = process.env[VARIABLE]
  if (given !== undefined && given !== '')
    return connect(given.replace(/^unix:\/\//, ''), async () => undefined)
  if (process.getuid?.() !== 0) return { missing: 'no daemon was given, and only root can start one' }
  const program = await findProgram()
  return program === undefined ? { missing: 'dockerd is not installed' } : startOwn(program)
}

async function findProgram(): Promise<string | undefined> {
  for (const program of ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd']) {
    const isThere = await access(program).then(
      () => true,
      () => false,
    )
    if (isThere) return program
  }
  return undefined
}

/** The daemon of this test run, in a test that needs one. */
export async function requireDocker(): Promise<DockerForTests> {
  const found = await startDocker()
  if ('missing' in found) throw new Error(found.missing)
  return found
}

/** Ends the daemon in order, and removes its folder, also when the test run that started it was killed. */
const KEEPER = `
folder=$1; shift
trap 'isOver=yes; kill "$daemon"' TERM
"$@" & daemon=$!
wait "$daemon"; wait "$daemon"
status=$?
[ -z "$isOver" ] || [ -z "$folder" ] || rm -rf "$folder"
exit "$status"`

/** A daemon that nothing else uses: it may be restarted. */
export interface DockerOfItsOwn extends DockerForTests {
  /** Ends the daemon in order, and starts it again with all that it had. */
  restart(): Promise<void>
}

export async function startDockerOfItsOwn(): Promise<DockerOfItsOwn> {
  const program = await findProgram()
  if (program === undefined) throw new Error('dockerd is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-docker-'))
  let daemon = await launch(program, folder, 'keep')
  const stop = async () => {
    await daemon.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  const connected = await connect(daemon.socketPath, async (own) => {
    await removeLabelled(own)
    await stop()
  })
  const restart = async () => {
    await daemon.stop()
    daemon = await launch(program, folder, 'keep')
  }
  return { ...connected, restart }
}

async function startOwn(program: string): Promise<DockerForTests | { readonly missing: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-docker-'))
  try {
    const { socketPath, stop } = await launch(program, folder, 'remove')
    process.env[VARIABLE] = `unix://${socketPath}`
    return await connect(socketPath, async (own) => {
      // Mounts of containers that still run would outlive the daemon.
      await removeLabelled(own)
      await stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
      delete process.env[VARIABLE]
    })
  } catch (error) {
    const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '')
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    return { missing: `dockerd does not start here: ${log.trim().split('\n').at(-1) || String(error)}` }
  }
}

interface Daemon {
  readonly socketPath: string
  readonly stop: () => Promise<void>
}

/** @param then what becomes of the folder when the daemon is told to end */
async function launch(program: string, folder: string, then: 'remove' | 'keep'): Promise<Daemon> {
  const socketPath = join(folder, 'docker.sock')
  const log = await open(join(folder, 'log'), 'a')
  const daemon = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'TERM', 'sh', '-c', KEEPER, 'sh', then === 'remove' ? folder : '', program],
      '--iptables=false',
      '--ip6tables=false',
      '--bridge=none',
      `--data-root=${folder}/data`,
      `--exec-root=${folder}/exec`,
      `--host=unix://${socketPath}`,
      `--pidfile=${folder}/pid`,
    ],
    { detached: true, stdio: ['ignore', log.fd, log.fd] },
  )
  await log.close()
  daemon.unref()
  const hasEnded = () => daemon.exitCode !== null || daemon.signalCode !== null
  const stop = async () => {
    daemon.ref()
    if (!hasEnded()) process.kill(daemon.pid as number, 'SIGTERM')
    await until('dockerd has ended', hasEnded, 30_000)
  }
  const docker = new Docker({ socketPath })
  const isUp = () =>
    docker.ping().then(
      () => true,
      () => false,
    )
  try {
    await until('dockerd answers', async () => hasEnded() || (await isUp()), 30_000)
    if (hasEnded()) throw new Error('dockerd ended at once')
  } catch (error) {
    await stop()
    throw error
  }
  return { socketPath, stop }
}

async function connect(socketPath: string, stop: (docker: Docker) => Promise<void>): Promise<DockerForTests> {
  const docker = new Docker({ socketPath })
  const made: Docker.Container[] = []
  const clean = async () => {
    await Promise.all(
      made.splice(0).map((container) => container.remove({ force: true, v: true }).catch(() => undefined)),
    )
  }
  return {
    socketPath,
    environment: { DOCKER_HOST: `unix://${socketPath}` },
    docker,
    tinyImage: await buildTinyImage(docker),
    postgresImage: () => buildPostgresImage(docker),
    create: async (Image, options = {}) => {
      const name = options.name ?? `test-${randomBytes(4).toString('hex')}`
      const container = await docker.createContainer({
        Image,
        ...options,
        name,
        Labels: { [LABEL]: 'yes', ...options.Labels },
        HostConfig: { NetworkMode: 'none', ...options.HostConfig },
      })
      made.push(container)
      return { name, container }
    },
    clean,
    stop: async () => {
      await clean()
      await stop(docker)
    },
  }
}

/** What tests that were killed have left. */
async function removeLabelled(docker: Docker): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [LABEL] } }).catch(() => [])
  await Promise.all(
    left.map(({ Id }) =>
      docker
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => undefined),
    ),
  )
}
