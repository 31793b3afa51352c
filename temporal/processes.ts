import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * One process and no other: pids are given out again, so a pid alone may name a stranger. `startTime` is opaque, and
 * differs between boots.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTime: string
}

const POLL_INTERVAL_MS = 50
/** After SIGKILL only a process in uninterruptible sleep lives on; waiting longer does not help. */
const KILL_WAIT_MS = 5000
/** `ps` of other systems than Linux; it answers at once or is broken. */
const PS_TIMEOUT_MS = 5000

/** Identity of a running process; undefined when there is none (a zombie has ended, whoever has not yet asked for it). */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? linuxStartTime(pid) : portableStartTime(pid)
  return startTime === undefined ? undefined : { pid, startTime }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startTime === identity.startTime
}

/**
 * Ends a process: SIGTERM, then SIGKILL after `graceMs`. With `scope: 'group'` the whole process group that it leads.
 * Never touches another process that was given the same pid. Resolves with whether it is gone.
 */
export async function endProcess(
  identity: ProcessIdentity,
  options: { readonly graceMs: number; readonly scope: 'process' | 'group' },
): Promise<boolean> {
  if (!isAlive(identity)) return true
  send(identity, 'SIGTERM', options.scope)
  if (await waitUntilGone(identity, options.graceMs)) return true
  send(identity, 'SIGKILL', options.scope)
  return waitUntilGone(identity, KILL_WAIT_MS)
}

/** Resolves with true when it has ended, with false after `withinMs`. */
export async function waitUntilGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const polls = Math.ceil(withinMs / POLL_INTERVAL_MS)
  for (let poll = 0; poll < polls; poll++) {
    if (!isAlive(identity)) return true
    await delay(POLL_INTERVAL_MS)
  }
  return !isAlive(identity)
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals, scope: 'process' | 'group'): void {
  if (!isAlive(identity)) return
  try {
    process.kill(scope === 'group' ? -identity.pid : identity.pid, signal)
  } catch (error) {
    // It ended in between, or leads no group: then it alone is meant.
    if (scope === 'group' && (error as NodeJS.ErrnoException).code === 'ESRCH')
      send(identity, signal, 'process')
    else if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** proc(5): field 22 is the start in ticks since the boot, field 3 the state; the name before them may hold anything. */
function linuxStartTime(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ticks] = [fields[0], fields[19]]
  return state === 'Z' || state === 'X' || ticks === undefined ? undefined : `${bootId()}/${ticks}`
}

/** Changes with every boot; on systems that do not tell it, it is always the same. */
export const bootId = (): string =>
  process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() : 'unknown'

function portableStartTime(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'latin1',
      env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: PS_TIMEOUT_MS,
    }).trim()
    const [state = 'Z', ...started] = line.split(/\s+/)
    return state.startsWith('Z') ? undefined : started.join(' ')
  } catch {
    return undefined
  }
}
