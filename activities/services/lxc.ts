import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceState } from '../../core/backup.js'
import { HoldfastError, type ErrorCode } from '../../core/errors.js'
import type { ObservedService } from '../../core/work/holds.js'
import type { ServiceDriver, Shell } from './driver.js'
import { identityOf } from './process-identity.js'

/** Questions are answered at once. */
const ANSWER_MS = 30_000
/** Beyond the time that the container has to stop by itself: lxc-stop kills it then. */
const KILL_MS = 30_000
const START_MS = 120_000
/** Between the end of a command and the state that says so. */
const SETTLE_MS = 30_000
const POLL_MS = 100
/** Of /proc/<pid>/stat: the same on every Linux that Node runs on. */
const TICK_MS = 10
const MAX_WORDS = 300

export interface LxcTools {
  readonly shell: Shell
  /** `host:port` of our Temporal server: its container must never be stopped. */
  readonly temporalAddress?: string
}

interface Container {
  readonly state: string
  readonly pid?: number
  readonly addresses: readonly string[]
}

/** LXC containers of this host, of the user that the worker runs as. */
export function lxcDriver({ shell, temporalAddress }: LxcTools): ServiceDriver {
  const run = (argv: readonly string[], name: string, what: What, signal: AbortSignal) =>
    runTool({ shell, argv: [...argv.slice(0, 1), '--name', name, ...argv.slice(1)], name, ...what }, signal)

  const look = async (name: string, signal: AbortSignal): Promise<Container> => {
    const what = { code: 'runtime.unreachable' as const, verb: 'looked at', limitMs: ANSWER_MS }
    const container = containerOf(await run(['lxc-info', '--state', '--pid', '--ips'], name, what, signal))
    refuseTemporal(name, container, temporalAddress)
    return container
  }
  const stateNow = async (name: string, signal: AbortSignal) => stateOf(await look(name, signal))

  const settled = async (name: string, wanted: ServiceState, code: ErrorCode, signal: AbortSignal) => {
    for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += POLL_MS) {
      if ((await stateNow(name, signal)) === wanted) return
      await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
    throw new HoldfastError(code, `LXC container "${name}" is not ${wanted} although LXC was asked for it.`, {
      hint: `Look at "lxc-info --name ${name}" and its log.`,
    })
  }
  const thaw = (name: string, code: ErrorCode, signal: AbortSignal) =>
    run(['lxc-unfreeze'], name, { code, verb: 'resumed', limitMs: ANSWER_MS }, signal)

  return {
    resolve: async (name, signal) => {
      await look(name, signal)
      return name
    },

    observe: async (name, signal) => observed(name, await look(name, signal)),

    stop: async (name, { mode, timeoutMs }, signal) => {
      const code = 'service.stop-failed'
      const state = await stateNow(name, signal)
      if (state === 'stopped' || (mode === 'pause' && state === 'paused')) return
      if (mode === 'pause') {
        await run(['lxc-freeze'], name, { code, verb: 'paused', limitMs: ANSWER_MS }, signal)
        return settled(name, 'paused', code, signal)
      }
      // What is frozen cannot hear that it shall end, and would be killed for it.
      if (state === 'paused') await thaw(name, code, signal)
      const seconds = Math.max(1, Math.ceil(timeoutMs / 1000))
      const limitMs = seconds * 1000 + KILL_MS
      await run(['lxc-stop', `--timeout=${seconds}`], name, { code, verb: 'stopped', limitMs }, signal)
      await settled(name, 'stopped', code, signal)
    },

    start: async (name, _how, signal) => {
      const code = 'service.start-failed'
      const state = await stateNow(name, signal)
      if (state === 'paused') await thaw(name, code, signal)
      if (state === 'stopped')
        await run(['lxc-start', '--daemon'], name, { code, verb: 'started', limitMs: START_MS }, signal)
      await settled(name, 'running', code, signal)
    },

    shell: (name) => {
      throw new HoldfastError('service.invalid', `Nothing can be run inside "lxc:${name}" by Holdfast.`, {
        hint: 'Leave out `in:` of the source, and connect to the server in the container with `connection`.',
      })
    },
  }
}

interface What {
  readonly code: ErrorCode
  /** For messages: `stopped`. */
  readonly verb: string
  readonly limitMs: number
}

async function runTool(
  { shell, argv, name, code, verb, limitMs }: What & { shell: Shell; argv: readonly string[]; name: string },
  signal: AbortSignal,
): Promise<string> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    const { stdout } = await shell.run(argv, {
      environment: { LC_ALL: 'C' },
      signal: AbortSignal.any([signal, limit]),
      onExit: ({ stderr }) => {
        throw failureOf(name, `${stderr}`, { code, verb })
      },
    })
    return stdout
  } catch (error) {
    signal.throwIfAborted()
    if (limit.aborted)
      throw failureOf(name, `${argv[0]} did not return within ${limitMs / 1000} s`, { code, verb })
    throw error instanceof HoldfastError && error.code === 'source.tool-missing' ? noLxc(error) : error
  }
}

function failureOf(name: string, said: string, { code, verb }: Pick<What, 'code' | 'verb'>): HoldfastError {
  const words = said.trim().replaceAll(/\s+/g, ' ').slice(0, MAX_WORDS) || 'LXC gave no reason'
  if (/doesn't exist|no such container/i.test(words)) {
    return new HoldfastError('service.not-found', `LXC container "${name}" does not exist.`, {
      hint: 'Create it, or correct the reference in the plan: "lxc-ls" lists the names.',
    })
  }
  if (/permission denied|not permitted/i.test(words)) {
    return new HoldfastError(
      'runtime.denied',
      `The Holdfast worker may not use LXC container "${name}": ${words}`,
      {
        hint: 'Run the worker as the user that owns the container, mostly root.',
      },
    )
  }
  return new HoldfastError(code, `LXC container "${name}" could not be ${verb}: ${words}`, {
    hint: `Look at "lxc-info --name ${name}" and its log.`,
  })
}

/** Lines as `State: RUNNING`, `PID: 4711`, `IP: 10.0.3.7`; what there is not has no line. */
function containerOf(text: string): Container {
  const values = (key: string) =>
    [...text.matchAll(new RegExp(`^${key}:\\s*(\\S+)`, 'gm'))].map(([, value]) => value as string)
  const pid = Number(values('PID')[0])
  return { state: values('State')[0] ?? '', ...(pid > 0 ? { pid } : {}), addresses: values('IP') }
}

/** Whatever is on its way up or down is not at rest. */
function stateOf({ state }: Container): ServiceState {
  if (state === 'FROZEN') return 'paused'
  return state === 'STOPPED' ? 'stopped' : 'running'
}

async function observed(name: string, container: Container): Promise<ObservedService> {
  const started = container.pid === undefined ? undefined : await startOf(container.pid)
  return { service: `lxc:${name}`, state: stateOf(container), ...started }
}

/** LXC itself does not tell when a container was started; its first process does, where we see the host's processes. */
async function startOf(pid: number): Promise<Pick<ObservedService, 'startedAt' | 'identity'> | undefined> {
  const { startTime } = await identityOf(pid)
  const boot = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8').catch(() => ''))?.[1]
  if (startTime === '' || boot === undefined) return undefined
  const startedAt = new Date(Number(boot) * 1000 + Number(startTime) * TICK_MS)
  return { startedAt: startedAt.toISOString(), identity: `${pid}-${startTime}` }
}

function refuseTemporal(name: string, { addresses }: Container, temporalAddress: string | undefined): void {
  const host = temporalAddress?.slice(0, temporalAddress.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  if (host === undefined || (host !== name && !addresses.includes(host))) return
  throw new HoldfastError(
    'service.invalid',
    `LXC container "${name}" cannot be held: it is the Temporal server of Holdfast (${temporalAddress}), without which nothing is started again.`,
    { hint: 'Remove it from `hold.services` of the plan.' },
  )
}

const noLxc = (cause: unknown): HoldfastError =>
  new HoldfastError(
    'runtime.unreachable',
    'LXC is not installed on this host, or the Holdfast worker does not see it.',
    {
      hint: 'Install its tools (lxc-info, lxc-stop, lxc-start), and run the worker on the host itself.',
      cause,
    },
  )
