import { readFileSync } from 'node:fs'

/**
 * The most bytes of memory that a process has had, this one by default. Not `resourceUsage().maxRSS`: a program that was
 * started inherits that from who started it. Source: proc_pid_status(5), `VmHWM`; getrusage(2), "NOTES".
 */
export function peakMemory(pid: number | 'self' = 'self'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}
