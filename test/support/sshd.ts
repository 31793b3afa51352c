import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SftpDestination } from '../../schemas/sftp-destination.js'
import { freePort } from './free-port.js'
import { until } from './until.js'

const PROGRAM = '/usr/sbin/sshd'
/** As of the account that the tests log in to. */
const isRoot = process.getuid?.() === 0

/** An OpenSSH server of our own. */
export interface SshServer {
  readonly port: number
  readonly user: string
  /** Line of the server's public key. */
  readonly hostKey: string
  /** Of the user. */
  readonly privateKeyFile: string
  /** Belongs to the user. */
  readonly folder: string
  readonly pid: number
  /** Settings of a destination in `path`. */
  settings(path: string): SftpDestination
  /** Ends it and its sessions, and removes its folder. May run twice. */
  stop(): Promise<void>
}

/** Why no server can be started here; undefined where one can. */
export const missingSshd = (): string | undefined =>
  existsSync(PROGRAM) && existsSync('/usr/bin/setpriv') ? undefined : `no ${PROGRAM} and setpriv`

/** `lines`: more of sshd_config, which win. */
export async function startSshd(lines: readonly string[] = []): Promise<SshServer> {
  const folder = await makeFolder()
  const user = isRoot ? 'nobody' : (process.env['USER'] ?? 'root')
  const files = join(folder, 'files')
  await mkdir(files)
  if (isRoot)
    // Not as root, who could write everywhere: what is tested are the rights of a usual user.
    execFileSync('chown', ['-R', 'nobody:nogroup', files, join(folder, 'host_key')])
  const prefix = isRoot ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] : []
  const at = { address: '127.0.0.1', port: await freePort() }
  return serve({ folder, user, files, ...at, lines, prefix })
}

/**
 * An account as one rents it: it sees its own folder as `/`, in which it may write to `/<name>` only. The server is at the usual
 * port of an address of 127.0.0.0/8. For root; the user must exist.
 */
export async function startSshAccount(account: {
  readonly address: string
  readonly user: string
  readonly name: string
}): Promise<SshServer> {
  const { address, user, name } = account
  const folder = await makeFolder()
  const files = join(folder, 'account', name)
  await mkdir(files, { recursive: true })
  execFileSync('chown', [user, files])
  // The way to what a user sees as `/` must be root's alone, which /tmp is not; and a server of root wants its folder of /run.
  const script = `mount -t tmpfs none /run; mkdir /run/sshd; mount --bind '${join(folder, 'account')}' /mnt; exec "$@"`
  return serve({
    ...{ folder, user, files, address, port: 22 },
    lines: ['ChrootDirectory /mnt', 'UsePAM no'],
    prefix: ['unshare', '--mount', '--propagation', 'private', 'sh', '-e', '-c', script, 'sh'],
  })
}

/** With keys of the server and of its user. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-sshd-'))
  await chmod(folder, 0o755)
  for (const name of ['host_key', 'user_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)])
  await copyFile(join(folder, 'user_key.pub'), join(folder, 'authorized_keys'))
  return folder
}

interface Served {
  readonly folder: string
  readonly user: string
  readonly files: string
  readonly address: string
  readonly port: number
  readonly lines: readonly string[]
  /** What starts the server, in front of its own arguments. */
  readonly prefix: readonly string[]
}

async function serve(served: Served): Promise<SshServer> {
  const { folder, user, files, address, port, prefix } = served
  const config = join(folder, 'sshd_config')
  await writeFile(config, configOf(served))
  await chmod(config, 0o644)
  const [program = '', ...argv] = [...prefix, PROGRAM, '-D', '-e', '-f', config]
  // A group of its own: sessions are processes that outlive the server.
  const server = spawn(program, argv, { stdio: 'ignore', detached: true, cwd: '/' })
  await until('the SSH server answers', () => {
    if (server.exitCode !== null) throw new Error(`sshd has ended. Is port ${port} of ${address} taken?`)
    return answers(address, port)
  })
  const hostKey = (await readFile(join(folder, 'host_key.pub'), 'utf8')).trim()
  const privateKeyFile = join(folder, 'user_key')
  return {
    ...{ port, user, hostKey, privateKeyFile, folder: files, pid: server.pid as number },
    settings: (path) => ({
      ...{ type: 'sftp', host: address, port, user, path, hostKey },
      privateKey: { file: privateKeyFile },
    }),
    stop: async () => {
      await end(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const configOf = ({ folder, address, port, lines }: Served) =>
  [
    ...lines,
    `Port ${port}`,
    `ListenAddress ${address}`,
    `HostKey ${join(folder, 'host_key')}`,
    'PidFile none',
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'StrictModes no',
    'UsePAM yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'Subsystem sftp internal-sftp',
    'ForceCommand internal-sftp',
    'MaxStartups 200:30:400',
    '',
  ].join('\n')

const answers = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host })
    const settle = (isUp: boolean) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('error', () => settle(false))
    socket.once('data', () => settle(true))
  })

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  try {
    process.kill(-(server.pid as number), 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
  await exited
}
