import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../core/errors.js'
import { endGroup } from './process-group.js'
import { identityOf, type ProcessIdentity } from './process-identity.js'

const POLL_MS = 100

/** A command that lives on when we die, with all that it starts, and never blocks on us. */
export interface DetachedCommand {
  readonly identity: ProcessIdentity
  /**
   * Its exit code, the signal that ended it, `late`, or `enough` when `isEnough` was so for the grace time. What it started
   * may go on. Returns `late` on cancellation, too.
   */
  exitWithin(
    limitMs: number,
    signal: AbortSignal,
    early?: { readonly isEnough: () => Promise<boolean>; readonly graceMs: number },
  ): Promise<number | string>
  /** Ends its whole process group. */
  kill(): Promise<void>
}

/**
 * In a session of its own, so that no Ctrl-C of ours reaches it; without pipes of ours, which would break under a service
 * when we go. Fails with `source.tool-missing`.
 */
export async function runDetached(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<DetachedCommand> {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, { env: environment, cwd: '/', detached: true, stdio: 'ignore' })
  let ended: number | string | undefined
  // `exit`, not `close`: a service that was started holds on to the descriptors for as long as it lives.
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = code ?? signal ?? 'a signal'
      resolve()
    })
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => reject(notRun(program, cause)))
  })
  child.unref()
  const pid = child.pid as number
  return {
    identity: await identityOf(pid),
    kill: () => endGroup(pid, 'ask'),
    exitWithin: async (limitMs, signal, early) => {
      let enoughForMs = 0
      for (let waitedMs = 0; waitedMs < limitMs && !signal.aborted; waitedMs += POLL_MS) {
        if (ended !== undefined) return ended
        await Promise.race([exited, delay(POLL_MS)])
        if (early && ended === undefined) enoughForMs = (await early.isEnough()) ? enoughForMs + POLL_MS : 0
        if (early && enoughForMs >= early.graceMs) return 'enough'
      }
      return ended ?? 'late'
    },
  }
}

const notRun = (program: string, cause: NodeJS.ErrnoException) =>
  cause.code === 'ENOENT'
    ? new HoldfastError('source.tool-missing', `Program "${program}" was not found on this host.`, { cause })
    : new HoldfastError('source.denied', `Program "${program}" could not be started (${cause.code}).`, {
        cause,
      })
