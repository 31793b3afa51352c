import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import { NAME_PATTERN } from '../schemas/patterns.js'

const REMEMBERED_IN = 'host.json'

/**
 * The name of this machine where holdfast.yaml has none: the one it had before, else its host name. It is remembered in
 * the state folder, if there is one, since queues, guards and journals of this machine go by it: a host name that changes
 * must not orphan them. Safe to run by several processes at once.
 */
export async function hostName(stateDir: string, hostname: string): Promise<string> {
  const file = join(stateDir, REMEMBERED_IN)
  const remembered = await read(file)
  if (remembered !== undefined) return remembered
  const host = nameOf(hostname)
  try {
    await writeFile(file, `${JSON.stringify({ host })}\n`, { flag: 'wx', mode: 0o600 })
    return host
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // Another process was first, and its name counts.
    if (code === 'EEXIST') return (await read(file)) ?? host
    // No state yet, or none of ours to write: nothing goes by the name yet.
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'ENOTDIR')
      return host
    throw error
  }
}

/** `NAS.local` → `nas`; `host` where nothing of it can stay. */
function nameOf(hostname: string): string {
  const first = hostname.split('.')[0] ?? ''
  const name = first
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return name === '' ? 'host' : name
}

async function read(file: string): Promise<string | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined
    throw error
  }
  const host = parsed(text)
  if (host !== undefined) return host
  throw new HoldfastError('config.invalid', `${file} does not hold the name of this host.`, {
    hint: `Set "host" in holdfast.yaml to the name that this machine had, then remove ${file}.`,
  })
}

function parsed(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as { host?: unknown } | null
    const host = value?.host
    return typeof host === 'string' && new RegExp(NAME_PATTERN).test(host) ? host : undefined
  } catch {
    return undefined
  }
}
