import { spawn, type ChildProcess } from 'node:child_process'
import { access } from 'node:fs/promises'
import { HoldfastError } from '../../core/errors.js'
import type { CommandOptions, Shell } from './driver.js'
import { endGroup } from './process-group.js'
import { shellOver, type Exit, type Process } from './process.js'

/** What tools need to work at all. Nothing else of our environment reaches them: it may hold secrets of other plans. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'] as const
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs commands on this host, each in a process group of its own. `inherited`: the environment of our process. */
export const createHostShell = (inherited: Readonly<Record<string, string | undefined>>): Shell =>
  shellOver('host', (argv, options) =>
    launch(argv, { ...minimal(inherited), ...options.environment }, options),
  )

/** The part of our own environment that commands on the host may see. */
export function minimal(inherited: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known = INHERITED.flatMap((name) => {
    const value = inherited[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { PATH: DEFAULT_PATH, ...Object.fromEntries(known) }
}

async function launch(
  argv: readonly string[],
  environment: Record<string, string>,
  options: CommandOptions,
): Promise<Process> {
  const [program = '', ...rest] = argv
  try {
    const child = spawn(program, rest, {
      env: environment,
      cwd: options.workingFolder,
      ...options.user,
      // Its own process group: ended whole, whatever the command started.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const exited = exitOf(child)
    const pid = await started(child)
    return {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exited,
      kill: (how) => endGroup(pid, how),
    }
  } catch (error) {
    throw await notStarted(program, options, error)
  }
}

const started = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => resolve(child.pid as number))
  })

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code === null ? { endedBy: signal ?? 'a signal' } : { code }),
    )
  })

/** ENOENT is said of a missing program and of a missing working folder alike. */
async function notStarted(program: string, options: CommandOptions, cause: unknown): Promise<HoldfastError> {
  const folder = options.workingFolder
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT' && folder !== undefined && !(await exists(folder))) {
    return new HoldfastError(
      'source.not-found',
      `Folder "${folder}", in which "${program}" was to run, does not exist.`,
      {
        cause,
      },
    )
  }
  if (code === 'ENOENT') {
    return new HoldfastError('source.tool-missing', `Program "${program}" was not found on this host.`, {
      hint: `Install it, or extend PATH of the Holdfast worker.`,
      cause,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new HoldfastError(
      'source.denied',
      `Program "${program}" may not be run by the Holdfast worker (${code}).`,
      {
        hint: 'Run the worker as a user who may, or mend the permissions of the program.',
        cause,
      },
    )
  }
  return new HoldfastError(
    'source.failed',
    `Program "${program}" could not be started: ${code ?? 'unknown error'}.`,
    {
      cause,
    },
  )
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
