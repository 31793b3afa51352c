import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { HoldfastError } from '../../core/errors.js'
import { demultiplex } from './demultiplex.js'
import { containerMissing } from './docker-names.js'
import { messageOf, statusOf, type DockerClient } from './docker-client.js'
import { endMarked, MARK } from './docker-kill.js'
import type { CommandOptions } from './driver.js'
import type { Exit, Launch, Process } from './process.js'

/** Docker closes the stream a moment before it records the exit. Still running after this: the connection was lost. */
const EXIT_MS = 10_000
const POLL_MS = 20
/** Exit codes above this are 128 and the number of the signal that ended the command. */
const SIGNALS_ABOVE = 128
const LAST_SIGNAL = 64

export interface ExecTools {
  readonly client: DockerClient
  readonly random: (digits: number) => string
  readonly container: string
}

/** Runs commands inside a container, as `docker exec` does. A closed stream is no success: the exit code is asked for. */
export function launchInContainer({ client, random, container }: ExecTools): Launch {
  return async (argv, options) => {
    const mark = `${MARK}=${random(32)}`
    const exec = await started(() => create(client, container, argv, mark, options), container, argv)
    const connection = await started(
      () => client.ask((docker) => docker.getExec(exec.id).start({ hijack: true, stdin: true }), options),
      container,
      argv,
    )
    const { stdout, stderr } = demultiplex(connection)
    const over = new Promise<void>((resolve) => stdout.once('end', resolve).once('close', resolve))
    const process: Process = {
      stdin: connection,
      stdout,
      stderr,
      exited: over.then(() => exitOf(client, exec.id, container, argv)),
      kill: (how) => endMarked({ client, container, execId: exec.id, mark, how }),
    }
    return process
  }
}

const create = (
  client: DockerClient,
  container: string,
  argv: readonly string[],
  mark: string,
  options: CommandOptions,
): Promise<Docker.Exec> =>
  client.ask(
    (docker, abortSignal) =>
      docker.getContainer(container).exec({
        Cmd: [...argv],
        Env: [...Object.entries(options.environment ?? {}).map(([name, value]) => `${name}=${value}`), mark],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        ...(options.workingFolder === undefined ? {} : { WorkingDir: options.workingFolder }),
        ...(options.user === undefined ? {} : { User: `${options.user.uid}:${options.user.gid}` }),
        abortSignal,
      }),
    options,
  )

async function exitOf(
  client: DockerClient,
  execId: string,
  container: string,
  argv: readonly string[],
): Promise<Exit> {
  // Not the caller's signal: how it ended is wanted in any case, and each question has its own limit.
  const signal = new AbortController().signal
  for (let waitedMs = 0; waitedMs < EXIT_MS; waitedMs += POLL_MS) {
    const exec = await client.ask((docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }), {
      signal,
    })
    if (!exec.Running && exec.ExitCode !== null) {
      // Never started: what Docker says of it came on standard output, as if the command had printed it.
      if (exec.Pid === 0) throw toolMissing(container, argv)
      const number = exec.ExitCode - SIGNALS_ABOVE
      return number > 0 && number <= LAST_SIGNAL ? { endedBy: `signal ${number}` } : { code: exec.ExitCode }
    }
    await delay(POLL_MS)
  }
  throw new HoldfastError(
    'source.failed',
    `The connection to "${argv[0]}" in container "${container}" was lost.`,
  )
}

async function started<T>(start: () => Promise<T>, container: string, argv: readonly string[]): Promise<T> {
  try {
    return await start()
  } catch (error) {
    const status = statusOf(error)
    if (status === undefined) throw error
    const message = messageOf(error)
    if (/executable file not found|no such file or directory/i.test(message))
      throw toolMissing(container, argv)
    if (status === 404) throw containerMissing(container, error)
    if (status === 409) {
      throw new HoldfastError(
        'service.unhealthy',
        `"${argv[0]}" cannot run in container "${container}", which does not run or is paused.`,
        { hint: 'Start it; a container that the plan holds still cannot be asked for a dump.', cause: error },
      )
    }
    throw new HoldfastError(
      'source.failed',
      `"${argv[0]}" could not be run in container "${container}": ${message}`,
      {
        cause: error,
      },
    )
  }
}

const toolMissing = (container: string, argv: readonly string[]) =>
  new HoldfastError(
    'source.tool-missing',
    `Program "${argv[0]}" was not found in container "${container}".`,
    {
      hint: 'Use an image that has it, or a source that does not need it.',
    },
  )
