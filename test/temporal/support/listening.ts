import { readFile, readdir, readlink } from 'node:fs/promises'

const LISTEN = '0A'

/** `127.0.0.1:7233`, …: where the process listens, as the kernel says it (proc(5), /proc/net/tcp). */
export async function listeningAddresses(pid: number): Promise<string[]> {
  const inodes = await socketInodes(pid)
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'latin1')),
  )
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && inodes.has(fields[9] ?? ''))
    .map((fields) => readable(fields[1] ?? ''))
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const links = await Promise.all(
    descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  )
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}

/** IPv4 is little-endian; IPv6 stays as it is, which is enough to see that it is not 127.0.0.1. */
function readable(address: string): string {
  const [host = '', port = ''] = address.split(':')
  const bytes = host.match(/../g) ?? []
  const text =
    bytes.length === 4
      ? bytes
          .toReversed()
          .map((byte) => parseInt(byte, 16))
          .join('.')
      : host
  return `${text}:${parseInt(port, 16)}`
}
