import { spawn, type ChildProcess } from 'node:child_process'
import { HoldfastError } from '../../core/errors.js'

export interface FileLock {
  readonly file: string
  readonly waitMs: number
  readonly signal: AbortSignal
  /** For messages. */
  readonly what: string
}

const TIMED_OUT = 75

/** Ours holds secrets: not even for the moment before an exec may another program have them. */
// eslint-disable-next-line no-restricted-syntax -- passed on as a child without `env` would have it, not looked into
const environment = () => ({ PATH: process.env['PATH'] ?? '/usr/bin:/bin' })

/**
 * Runs `work` while no other process of this host has the lock. The kernel owns it (flock(2)): it ends with a process that is
 * killed, and a file left behind locks nobody out. Held by a child that lives until its input ends, since Node has no flock;
 * the input ends when we do, however we end.
 */
export async function withFileLock<T>(lock: FileLock, work: () => Promise<T>): Promise<T> {
  const holder = spawn(
    'flock',
    [
      '--exclusive',
      '--no-fork',
      `--conflict-exit-code=${TIMED_OUT}`,
      `--wait=${lock.waitMs / 1000}`,
      lock.file,
      'sh',
      '-c',
      'echo held; exec cat >/dev/null',
    ],
    // Detached: a Ctrl-C at the terminal must not take the lock away from work that goes on.
    { env: environment(), stdio: ['pipe', 'pipe', 'ignore'], detached: true },
  )
  holder.stdin.on('error', () => undefined)
  const exited = new Promise<void>((resolve) =>
    holder.once('exit', () => resolve()).once('error', () => resolve()),
  )
  try {
    await held(holder, lock)
    return await work()
  } finally {
    holder.stdin.end()
    // Until it has really let go: who calls next must not have to wait for a process that is on its way out.
    if (holder.pid !== undefined) await exited
  }
}

function held(holder: ChildProcess, lock: FileLock): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      holder.kill('SIGKILL')
      reject(lock.signal.reason as Error)
    }
    const settle = (decide: () => void) => {
      lock.signal.removeEventListener('abort', giveUp)
      decide()
    }
    holder.stdout?.once('data', () => settle(resolve))
    holder.once('error', (cause) => settle(() => reject(noFlock(cause))))
    holder.once('exit', (code) => settle(() => reject(notHeld(lock, code))))
    if (lock.signal.aborted) giveUp()
    else lock.signal.addEventListener('abort', giveUp, { once: true })
  })
}

const notHeld = (lock: FileLock, code: number | null) =>
  code === TIMED_OUT
    ? new HoldfastError(
        'lock.taken',
        `${lock.what} is being stopped or started by another process of Holdfast.`,
        {
          hint: `It holds ${lock.file}: "fuser ${lock.file}" names it.`,
        },
      )
    : new HoldfastError(
        'journal.unusable',
        `The lock ${lock.file} cannot be taken (flock: ${code ?? 'killed'}).`,
        {
          hint: 'Let the user of the Holdfast worker own the folder, and make room on its disk.',
        },
      )

const noFlock = (cause: unknown) =>
  new HoldfastError('source.tool-missing', 'Program "flock" was not found on this host.', {
    hint: 'Install the package util-linux.',
    cause,
  })
