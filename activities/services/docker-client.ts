import Docker from 'dockerode'
import { HoldfastError } from '../../core/errors.js'

const DEFAULT_HOST = 'unix:///var/run/docker.sock'
/** Questions are answered within milliseconds; a daemon that takes this long hangs. */
const ANSWER_MS = 30_000

/** The Docker daemon of this host, asked with limits, its failures to be reached put in our words. */
export interface DockerClient {
  /** As in DOCKER_HOST, for messages. */
  readonly host: string
  /**
   * Asks the daemon. Fails with `docker.unreachable` and `docker.denied`, and with the reason of `signal` when that aborts;
   * what the daemon itself answers comes as it is: see `statusOf`.
   */
  ask<T>(
    request: (docker: Docker, abortSignal: AbortSignal) => Promise<T>,
    options: { readonly signal: AbortSignal; readonly limitMs?: number },
  ): Promise<T>
}

/** `host` as in DOCKER_HOST: `unix:///path` or `tcp://host:port`. Connects on use. */
export function createDockerClient(host: string = DEFAULT_HOST): DockerClient {
  let docker: Docker | undefined
  return {
    host,
    ask: async (request, { signal, limitMs = ANSWER_MS }) => {
      docker ??= new Docker(addressOf(host))
      signal.throwIfAborted()
      const limit = AbortSignal.timeout(limitMs)
      try {
        return await request(docker, AbortSignal.any([signal, limit]))
      } catch (error) {
        signal.throwIfAborted()
        throw limit.aborted
          ? unreachable(host, `did not answer within ${limitMs / 1000} s`, error)
          : inOurWords(host, error)
      }
    },
  }
}

/** HTTP status of what the daemon answered; undefined for every other error. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : undefined
}

/** What the daemon said, without dockerode's frame of status codes around it. */
export function messageOf(error: unknown): string {
  const said: unknown = error instanceof Error && 'json' in error ? error.json : undefined
  if (typeof said === 'object' && said !== null && 'message' in said) return String(said.message).trim()
  return error instanceof Error ? error.message.trim() : String(error)
}

function addressOf(host: string): Docker.DockerOptions {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  const tcp = /^(?:tcp|http):\/\/([^/:]+):(\d+)\/?$/.exec(host)
  if (tcp) return { protocol: 'http', host: tcp[1], port: Number(tcp[2]) }
  throw new HoldfastError(
    'docker.unreachable',
    `"${host}" is no address of a Docker daemon that Holdfast can use.`,
    {
      hint: 'Set DOCKER_HOST of the Holdfast worker to unix:///path or tcp://host:port, or leave it out.',
    },
  )
}

const DENIED = new Set(['EACCES', 'EPERM'])

function inOurWords(host: string, error: unknown): unknown {
  if (statusOf(error) !== undefined || error instanceof HoldfastError) return error
  const code = (error as NodeJS.ErrnoException).code
  if (code !== undefined && DENIED.has(code)) {
    return new HoldfastError(
      'docker.denied',
      `The Holdfast worker may not use the Docker daemon at ${host}.`,
      {
        hint: 'Add its user to the group "docker" and start the worker again, or run it as root.',
        cause: error,
      },
    )
  }
  return unreachable(host, `does not answer${code === undefined ? '' : ` (${code})`}`, error)
}

const unreachable = (host: string, what: string, cause: unknown) =>
  new HoldfastError('docker.unreachable', `The Docker daemon at ${host} ${what}.`, {
    hint: 'Start Docker, or set DOCKER_HOST of the Holdfast worker to where it listens.',
    cause,
  })
