import { setTimeout as delay } from 'node:timers/promises'
import type { CommandService } from '../../schemas/services.js'
import { messageOf } from '../../core/causes.js'
import { HoldfastError, type ErrorCode } from '../../core/errors.js'
import { runDetached } from './detached.js'
import type { HowToStart, HowToStop, ServiceDriver, Shell } from './driver.js'

/** `isRunning` is asked often, and answers at once or not at all. */
const ANSWER_MS = 30_000
/** A start command may have to wait for what it starts. */
const START_MS = 120_000
/** `isRunning` may say yes before the start command has returned: it is given this long to fail after all. */
const RETURN_MS = 5000
const POLL_MS = 100

export interface CommandTools {
  readonly services: Readonly<Record<string, CommandService>>
  readonly shell: Shell
  /** What the commands see of our environment. */
  readonly environment: Readonly<Record<string, string>>
  /** How long one start is waited for; it goes on after that. */
  readonly startMs?: number
}

/** Services that commands of holdfast.yaml stop, start and ask. `isRunning` alone says whether a stop or a start worked. */
export function commandDriver({
  services,
  shell,
  environment,
  startMs = START_MS,
}: CommandTools): ServiceDriver {
  const definitionOf = (name: string): CommandService => {
    const definition = Object.hasOwn(services, name) ? services[name] : undefined
    if (definition) return definition
    throw new HoldfastError(
      'service.not-found',
      `Service "command:${name}" is not defined in holdfast.yaml.`,
      {
        hint: `Add it under "services:", or correct the reference in the plan.`,
      },
    )
  }
  const isRunning = async (name: string, signal: AbortSignal) => asks(name, definitionOf(name), shell, signal)

  const waitUntil = async (
    name: string,
    wanted: 'running' | 'stopped',
    limitMs: number,
    signal: AbortSignal,
  ) => {
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
      if ((await isRunning(name, signal)) === (wanted === 'running')) return
      await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
    const code: ErrorCode = wanted === 'running' ? 'service.start-failed' : 'service.stop-failed'
    throw new HoldfastError(code, `Service "command:${name}" is not ${wanted}, its "isRunning" says.`, {
      hint: `Run its commands in holdfast.yaml by hand, one after the other.`,
    })
  }

  return {
    resolve: async (name) => {
      definitionOf(name)
      return name
    },

    observe: async (name, signal) => ({
      service: `command:${name}`,
      state: (await isRunning(name, signal)) ? 'running' : 'stopped',
    }),

    stop: async (name, how: HowToStop, signal) => {
      if (how.mode === 'pause') throw cannotPause(name)
      if (!(await isRunning(name, signal))) return
      const command = await runDetached(definitionOf(name).stop, environment).catch(notStarted(name, 'stop'))
      await how.onProcess?.(command.identity)
      const exit = await command.exitWithin(how.timeoutMs, signal)
      if (exit !== 0) {
        // It must not go on behind our back: a start may come next.
        await command.kill()
        signal.throwIfAborted()
        throw commandFailed(name, 'stop', exit, how.timeoutMs)
      }
      await waitUntil(name, 'stopped', Math.max(how.timeoutMs, POLL_MS), signal)
    },

    start: async (name, how: HowToStart, signal) => {
      if (await isRunning(name, signal)) return
      const command = await runDetached(definitionOf(name).start, environment).catch(
        notStarted(name, 'start'),
      )
      await how.onProcess?.(command.identity)
      const isUp = async () => isRunning(name, signal)
      const exit = await command.exitWithin(startMs, signal, { isEnough: isUp, graceMs: RETURN_MS })
      // Never killed when we are: what it has started is what everybody wants.
      signal.throwIfAborted()
      if (exit !== 0 && exit !== 'enough') throw commandFailed(name, 'start', exit, startMs)
      await waitUntil(name, 'running', startMs, signal)
    },

    shell: (name) => {
      throw new HoldfastError('service.invalid', `Nothing can be run inside "command:${name}".`, {
        hint: 'Leave out `in:` of the source: its tools then run on the host.',
      })
    },
  }
}

async function asks(
  name: string,
  definition: CommandService,
  shell: Shell,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = AbortSignal.timeout(ANSWER_MS)
  let isRunning = true
  try {
    await shell.run(definition.isRunning, {
      signal: AbortSignal.any([signal, limit]),
      onExit: () => {
        isRunning = false
      },
    })
    return isRunning
  } catch (error) {
    signal.throwIfAborted()
    const why = limit.aborted ? `did not answer within ${ANSWER_MS / 1000} s` : `failed: ${messageOf(error)}`
    throw new HoldfastError(
      error instanceof HoldfastError && error.kind === 'missing' ? 'service.invalid' : 'service.unhealthy',
      `"isRunning" of service "command:${name}" ${why}`,
      {
        hint: 'Correct "isRunning" in holdfast.yaml: exit code 0 means that the service runs.',
        cause: error,
      },
    )
  }
}

const cannotPause = (name: string) =>
  new HoldfastError(
    'service.invalid',
    `Service "command:${name}" cannot be paused: its commands only stop and start it.`,
    {
      hint: 'Write `mode: stop` in the hold of the plan.',
    },
  )

const notStarted = (name: string, verb: 'stop' | 'start') => (cause: unknown) => {
  const code =
    cause instanceof HoldfastError && cause.kind === 'missing' ? 'service.invalid' : `service.${verb}-failed`
  throw new HoldfastError(
    code as ErrorCode,
    `"${verb}" of service "command:${name}" cannot be run: ${cause instanceof Error ? cause.message : String(cause)}`,
    { hint: `Correct "${verb}" of the service in holdfast.yaml.`, cause },
  )
}

function commandFailed(
  name: string,
  verb: 'stop' | 'start',
  exit: number | string,
  limitMs: number,
): HoldfastError {
  const what =
    typeof exit === 'number'
      ? `exited with code ${exit}`
      : exit === 'late'
        ? `did not return within ${limitMs / 1000} s`
        : `was ended by ${exit}`
  return new HoldfastError(`service.${verb}-failed`, `"${verb}" of service "command:${name}" ${what}.`, {
    hint: `Run the command by hand: it stands in holdfast.yaml under services.${name}.${verb}.`,
    ...(typeof exit === 'number' ? { details: { exitCode: exit } } : {}),
  })
}
