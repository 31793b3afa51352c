import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** `TCP_LISTEN` in the column `st` of proc_pid_net(5). */
const LISTENING = '0A'

/**
 * Whether this process itself listens on a port of 127.0.0.1: that somebody answers there does not say who. False when it
 * has ended. On systems that do not tell it, true.
 */
export function listensOn(pid: number, port: number): boolean {
  if (process.platform !== 'linux') return true
  try {
    const sockets = listeningSockets(pid, port)
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some((descriptor) => sockets.has(targetOf(`${folder}/${descriptor}`)))
  } catch {
    return false
  }
}

/** As the links of `/proc/<pid>/fd` name them. The address is in the host's byte order, which is little-endian here. */
function listeningSockets(pid: number, port: number): Set<string> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n')
  const columns = lines.map((line) => line.trim().split(/\s+/))
  const listening = columns.filter(([, address, , state]) => address === local && state === LISTENING)
  return new Set(listening.map((column) => `socket:[${column[9]}]`))
}

/** Descriptors come and go while they are listed. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
