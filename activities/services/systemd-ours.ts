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

/** By file: the innermost unit whose process has it open, as far as we may look into other processes. */
export async function readUnitsOfFiles(
  paths: ReadonlySet<string>,
  proc = '/proc',
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (paths.size === 0) return found
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    const open = (await linksOf(pid, proc)).filter((link) => paths.has(link))
    // The manager of a user is no service of anybody's plan.
    const unit =
      open.length === 0 ? undefined : (await unitsOf(pid, proc)).findLast((name) => !/^user@/.test(name))
    if (unit !== undefined) for (const path of open) found.set(path, unit)
  }
  return found
}

const hasOpen = async (pid: string, sockets: ReadonlySet<string>, proc: string): Promise<boolean> =>
  (await linksOf(pid, proc)).some((link) => sockets.has(link))

async function linksOf(pid: string, proc: string): Promise<readonly string[]> {
  const folder = join(proc, pid, 'fd')
  const files = await readdir(folder).catch(() => [])
  return Promise.all(files.map((file) => readlink(join(folder, file)).catch(() => '')))
}

async function unitsOf(pid: string, proc: string): Promise<readonly string[]> {
  const cgroups = await readFile(join(proc, pid, 'cgroup'), 'utf8').catch(() => '')
  return [...new Set(cgroups.split(/[\n/]/).filter((part) => part.endsWith('.service')))]
}
