import { readFile } from 'node:fs/promises'

/** A process that cannot be taken for another one: pids are used again, with another start time. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, as /proc says it; empty where there is no /proc. */
  readonly startTime: string
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, startTime: (await statOf(pid))?.startTime ?? '' }
}

/** Whether that very process still lives. A zombie does not: it does nothing more. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  const stat = await statOf(pid)
  if (stat) return stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X'
  return startTime === '' && isSignalable(pid)
}

/** proc_pid_stat(5): the name, in parentheses, may hold spaces and parentheses; field 3 is the state, field 22 the start. */
async function statOf(pid: number): Promise<{ state: string; startTime: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
}

function isSignalable(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
