import { open } from 'node:fs/promises'
import { HoldfastError } from '../core/errors.js'
import type { ConfigSecret } from '../schemas/common.js'
import type { Shell } from './services/driver.js'

/** Resolves references to secrets, at the moment of use, on the host that needs them. */
export interface Secrets {
  /** Fails with `secret.not-found`, and with `secret.unsafe` for a file that others can read. The value is never in a message. */
  resolve(reference: ConfigSecret): Promise<string>
}

export interface SecretsOptions {
  /** Of the worker. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The host's. */
  readonly shell: Shell
}

/** Passwords and keys are short: what is longer was meant for something else. */
const MAX_BYTES = 64 * 1024
/** A password manager may have to ask its server; a person is not there to be asked. */
const COMMAND_MS = 30_000
const OTHERS_READ_OR_WRITE = 0o066

export function createSecrets({ environment, shell }: SecretsOptions): Secrets {
  return {
    resolve: async (reference) => {
      if ('env' in reference) return fromEnvironment(reference.env, environment)
      if ('file' in reference) return fromFile(reference.file)
      return fromCommand(reference.command, shell)
    },
  }
}

function fromEnvironment(name: string, environment: SecretsOptions['environment']): string {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (value !== undefined && value !== '') return value
  const what = value === undefined ? 'is not set' : 'is empty'
  throw new HoldfastError(
    'secret.not-found',
    `Environment variable ${name} ${what} where the Holdfast worker runs.`,
    {
      hint: `Set ${name} for the worker and start it again.`,
    },
  )
}

/** Looked at and read through one descriptor: nobody can put another file in its place meanwhile. */
async function fromFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw notReadable(path, error)
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new HoldfastError('secret.not-found', `Secret file ${path} is no file.`)
    if ((stat.mode & OTHERS_READ_OR_WRITE) !== 0) throw othersCanRead(path, stat.mode)
    if (stat.size > MAX_BYTES) {
      throw new HoldfastError(
        'secret.unsafe',
        `Secret file ${path} is too big for a secret (more than 64 KiB).`,
        {
          hint: 'Let the reference name the file that holds the secret and nothing else.',
        },
      )
    }
    return present(withoutLineBreak(await file.readFile('utf8')), `Secret file ${path} is empty.`)
  } finally {
    await file.close()
  }
}

async function fromCommand(argv: readonly string[], shell: Shell): Promise<string> {
  const failed = (what: string, cause?: unknown) =>
    new HoldfastError('secret.not-found', `The command "${argv[0]}" that prints a secret ${what}.`, {
      hint: 'Run it by hand, as the user of the Holdfast worker.',
      cause,
    })
  const signal = AbortSignal.timeout(COMMAND_MS)
  try {
    // What it wrote to stderr stays out of the message: it may have said the secret there.
    const onExit = ({ code }: { code: number }) => {
      throw failed(`exited with code ${code}`)
    }
    const { stdout } = await shell.run(argv, { signal, onExit })
    return present(withoutLineBreak(stdout), `The command "${argv[0]}" printed no secret.`)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'secret.not-found') throw error
    if (signal.aborted) throw failed(`did not end within ${COMMAND_MS / 1000} s`)
    throw failed(
      error instanceof HoldfastError && error.code === 'source.tool-missing' ? 'was not found' : 'failed',
    )
  }
}

function notReadable(path: string, cause: unknown): HoldfastError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new HoldfastError('secret.not-found', `Secret file ${path} does not exist.`, {
      hint: 'Write the secret into it, for the user of the Holdfast worker only (chmod 600).',
      cause,
    })
  }
  return new HoldfastError(
    'secret.unsafe',
    `Secret file ${path} cannot be read by the Holdfast worker (${code}).`,
    {
      hint: `Let it belong to the user of the worker: chown USER ${path} && chmod 600 ${path}`,
      cause,
    },
  )
}

const othersCanRead = (path: string, mode: number) =>
  new HoldfastError(
    'secret.unsafe',
    `Secret file ${path} can be read or written by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
    { hint: `chmod 600 ${path}` },
  )

const withoutLineBreak = (text: string): string => text.replace(/\r?\n$/, '')

function present(value: string, message: string): string {
  if (value === '') throw new HoldfastError('secret.not-found', message)
  return value
}
