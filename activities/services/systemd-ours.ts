import { lookup } from 'node:dns/promises'
import { readFile, readdir, readlink } from 'node:fs/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** proc_pid_net(5), `tcp`: the state of a socket that listens. */
const LISTENS = '0A'

/** Every unit that we run in, from the inside out: the unit of a user's session holds those of their services. */
export const readOwnUnits = (): Promise<readonly string[]> => unitsOf('self', '/proc')

/**
 * The units that run what listens at `address` (`host:port`), where that is this host: as far as we may look into other
 * processes, which takes root for those of other users.
 */
export async function readUnitsListeningAt(address: string, proc = '/proc'): Promise<readonly string[]> {
  const split = address.lastIndexOf(':')
  if (!(await isThisHost(address.slice(0, split).replace(/^\[|\]$/g, '')))) return []
  const sockets = await socketsListeningAt(Number(address.slice(split + 1)), proc)
  if (sockets.size === 0) return []
  const units = new Set<string>()
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    if (await hasOpen(pid, sockets, proc)) for (const unit of await unitsOf(pid, proc)) units.add(unit)
  }
  return [...units]
}

/** A name that nobody knows is no name of this host. */
async function isThisHost(host: string): Promise<boolean> {
  const found = isIP(host) === 0 ? await lookup(host, { all: true }).catch(() => []) : [{ address: host }]
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return found.some(
    ({ address }) => /^(127\.|::1$)/.test(address) || own.some((one) => one.address === address),
  )
}

/** As the links of open files name them. */
async function socketsListeningAt(port: number, proc: string): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(join(proc, 'self', 'net', name), 'utf8').catch(() => '')),
  )
  const sockets = tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = '', , state]) => state === LISTENS && parseInt(local.split(':')[1] ?? '', 16) === port,
    )
    .map((columns) => `socket:[${columns[9]}]`)
  return new Set(sockets)
}

async function hasOpen(pid: string, sockets: ReadonlySet<string>, proc: string): Promise<boolean> {
  const folder = join(proc, pid, 'fd')
  const files = await readdir(folder).catch(() => [])
  const links = await Promise.all(files.map((file) => readlink(join(folder, file)).catch(() => '')))
  return links.some((link) => sockets.has(link))
}

async function unitsOf(pid: string, proc: string): Promise<readonly string[]> {
  const cgroups = await readFile(join(proc, pid, 'cgroup'), 'utf8').catch(() => '')
  return [...new Set(cgroups.split(/[\n/]/).filter((part) => part.endsWith('.service')))]
}
