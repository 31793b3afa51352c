import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Long enough for a tool to remove its temporary files, short enough for a cancelled run to bring its services back. */
const GRACE_MS = 3000
/** After SIGKILL only the kernel keeps a process: one that waits for a disk for longer cannot be waited for. */
const KILLED_MS = 2000
const FIRST_POLL_MS = 5
const MAX_POLL_MS = 100

/** Ends every process of a group: by SIGTERM and, after a moment, SIGKILL; or by SIGKILL at once. Never throws. */
export async function endGroup(group: number, how: 'ask' | 'at-once'): Promise<void> {
  if (how === 'ask') {
    signalGroup(group, 'SIGTERM')
    // One that was stopped (SIGSTOP) sees the other only when it goes on.
    signalGroup(group, 'SIGCONT')
    if (await isGoneWithin(group, GRACE_MS)) return
  }
  signalGroup(group, 'SIGKILL')
  await isGoneWithin(group, KILLED_MS)
}

async function isGoneWithin(group: number, limitMs: number): Promise<boolean> {
  let pollMs = FIRST_POLL_MS
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pollMs) {
    if (!signalGroup(group, 0) || !(await hasLiving(group))) return true
    pollMs = Math.min(2 * pollMs, MAX_POLL_MS)
    await delay(pollMs)
  }
  return false
}

/** False when the group has no process (that we may signal) any more. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    return false
  }
}

/**
 * Orphans that nobody has reaped yet still count as members of their group, in a container without an init for ever.
 * They do nothing more: only what is no zombie is worth waiting for. Without /proc every member is taken for living.
 */
async function hasLiving(group: number): Promise<boolean> {
  const pids = await readdir('/proc').catch(() => undefined)
  if (!pids) return true
  for (const pid of pids) {
    if (!/^\d+$/.test(pid)) continue
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    // `pid (name) state parent group …`; the name may hold spaces and parentheses.
    const [state = '', , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(itsGroup) === group && state !== 'Z' && state !== 'X') return true
  }
  return false
}
