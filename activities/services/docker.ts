import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { ServiceState } from '../../core/backup.js'
import { HoldfastError, type ErrorCode } from '../../core/errors.js'
import type { ObservedService } from '../../core/work/holds.js'
import { messageOf, statusOf, type DockerClient } from './docker-client.js'
import { launchInContainer } from './docker-exec.js'
import { containerMissing, nameOf } from './docker-names.js'
import { relationsOf } from './docker-relations.js'
import { resolveContainer } from './docker-resolve.js'
import type { ServiceDriver } from './driver.js'
import { shellOver } from './process.js'

/** Beyond the time that the container has to stop by itself: the daemon kills it then, and that takes a moment. */
const KILL_MS = 30_000
/** Between the answer to a start or stop and the state that says so. */
const SETTLE_MS = 30_000
const START_MS = 120_000
const POLL_MS = 100

export interface DockerTools {
  readonly client: DockerClient
  /** Hex digits: marks of the commands that we run inside containers. */
  readonly random: (digits: number) => string
  /** Says why a container must never be held: it is ours, or our Temporal. */
  readonly refusal: (container: Docker.ContainerInspectInfo) => string | undefined
}

/** Containers of the Docker daemon on this host. The canonical name is the container's: it survives a recreation. */
export function dockerDriver({ client, random, refusal }: DockerTools): ServiceDriver {
  const inspect = async (name: string, signal: AbortSignal) => {
    const found = await client
      .ask((docker, abortSignal) => docker.getContainer(name).inspect({ abortSignal }), { signal })
      .catch((error: unknown) => {
        throw failed(name, 'docker.unreachable', 'could not be looked at', error)
      })
    // Docker takes what no container is called for the beginning of an id: that is a stranger.
    if (nameOf(found) !== name) throw containerMissing(name)
    return found
  }

  const observe = async (name: string, signal: AbortSignal) => observed(name, await inspect(name, signal))

  /** One request that brings the container that was observed nearer to the wanted state; it may have got there meanwhile. */
  const request = async (
    { name, identity }: Asked,
    step: {
      readonly call: (container: Docker.Container, abortSignal: AbortSignal) => Promise<unknown>
      readonly wanted: ServiceState
      readonly code: ErrorCode
      readonly what: string
      readonly limitMs: number
    },
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await client.ask((docker, abortSignal) => step.call(docker.getContainer(identity), abortSignal), {
        signal,
        limitMs: step.limitMs,
      })
    } catch (error) {
      const status = statusOf(error)
      if (status === 304) return
      const isThere =
        status !== undefined && status !== 404 && (await observe(name, signal)).state === step.wanted
      if (!isThere) throw failed(name, step.code, step.what, error)
    }
  }

  const settled = async (name: string, wanted: ServiceState, code: ErrorCode, signal: AbortSignal) => {
    for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += POLL_MS) {
      if ((await observe(name, signal)).state === wanted) return
      await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
    throw new HoldfastError(code, `Container "${name}" is not ${wanted} although Docker was asked for it.`, {
      hint: `Look at "docker inspect ${name}" and "docker logs ${name}".`,
    })
  }

  return {
    resolve: async (name, signal) => {
      const container = await resolveContainer(client, name, signal)
      refuseOurs(container, refusal)
      return nameOf(container)
    },

    observe: async (name, signal) => {
      const container = await inspect(name, signal)
      refuseOurs(container, refusal)
      return observed(name, container)
    },

    relations: async (name, signal) => relationsOf(client, await inspect(name, signal), signal),

    stop: async (name, { mode, timeoutMs }, signal) => {
      const { state, identity } = await observe(name, signal)
      if (state === 'stopped') return
      if (mode === 'pause') {
        if (state === 'paused') return
        const pause = (container: Docker.Container, abortSignal: AbortSignal) =>
          container.pause({ abortSignal })
        await request(
          { name, identity },
          {
            call: pause,
            wanted: 'paused',
            code: 'service.stop-failed',
            what: 'could not be paused',
            limitMs: KILL_MS,
          },
          signal,
        )
        return settled(name, 'paused', 'service.stop-failed', signal)
      }
      // The daemon takes whole seconds; a paused container is resumed by it to receive the signal.
      const t = Math.max(1, Math.ceil(timeoutMs / 1000))
      const stop = (container: Docker.Container, abortSignal: AbortSignal) =>
        container.stop({ t, abortSignal })
      await request(
        { name, identity },
        {
          call: stop,
          wanted: 'stopped',
          code: 'service.stop-failed',
          what: 'could not be stopped',
          limitMs: t * 1000 + KILL_MS,
        },
        signal,
      )
      await settled(name, 'stopped', 'service.stop-failed', signal)
    },

    start: async (name, _how, signal) => {
      const { state, identity } = await observe(name, signal)
      const call = (container: Docker.Container, abortSignal: AbortSignal): Promise<unknown> =>
        state === 'paused' ? container.unpause({ abortSignal }) : container.start({ abortSignal })
      if (state !== 'running') {
        await request(
          { name, identity },
          {
            call,
            wanted: 'running',
            code: 'service.start-failed',
            what: 'could not be started',
            limitMs: START_MS,
          },
          signal,
        )
      }
    },

    shell: (name) =>
      shellOver(`docker:${name}`, async (argv, options) => {
        // The container of now: it may be another one than for the command before.
        const container = nameOf(await resolveContainer(client, name, options.signal))
        return launchInContainer({ client, random, container })(argv, options)
      }),
  }
}

/** A container as it was found under its name. */
interface Asked {
  readonly name: string
  /** Its id: under the name there may be another one by now. */
  readonly identity: string
}

function observed(
  name: string,
  container: Docker.ContainerInspectInfo,
): ObservedService & Pick<Asked, 'identity'> {
  const { State: state, Id: identity, HostConfig } = container
  // Between two of Docker's own restarts it is as little well as before its first check.
  const health = state.Restarting ? 'starting' : state.Health?.Status
  return {
    service: `docker:${name}`,
    state: stateOf(state),
    ...(state.StartedAt.startsWith('0001-') ? {} : { startedAt: state.StartedAt }),
    identity,
    ...(HostConfig.AutoRemove ? { endsWithStop: true } : {}),
    ...(health === 'healthy' || health === 'unhealthy' || health === 'starting' ? { health } : {}),
  }
}

/** A container that Docker restarts again and again is wanted to run: it is stopped for us, and started again after. */
function stateOf(state: Docker.ContainerInspectInfo['State']): ServiceState {
  if (state.Paused) return 'paused'
  return state.Running || state.Restarting ? 'running' : 'stopped'
}

function refuseOurs(container: Docker.ContainerInspectInfo, refusal: DockerTools['refusal']): void {
  const reason = refusal(container)
  if (reason === undefined) return
  throw new HoldfastError('service.invalid', `Container "${nameOf(container)}" cannot be held: ${reason}.`, {
    hint: 'Remove it from `hold.services` of the plan.',
  })
}

function failed(name: string, code: ErrorCode, what: string, cause: unknown): unknown {
  const status = statusOf(cause)
  if (status === undefined) return cause
  if (status === 404 && /no such container/i.test(messageOf(cause))) {
    return containerMissing(name, cause)
  }
  if (status === 403) {
    return new HoldfastError('docker.denied', `Container "${name}" ${what}: what guards Docker forbids it.`, {
      hint: 'Let the proxy before the socket, or the authorization plugin of the daemon, allow to inspect, stop, start, pause and unpause.',
      cause,
    })
  }
  return new HoldfastError(code, `Container "${name}" ${what}: ${messageOf(cause)}`, {
    hint: `Look at "docker inspect ${name}" and "docker logs ${name}".`,
    cause,
  })
}
