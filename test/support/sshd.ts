import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SftpDestination } from '../../schemas/sftp-destination.js'
import { freePort } from './free-port.js'
import { until } from './until.js'

const PROGRAM = '/usr/sbin/sshd'
/** As of the account that the tests log in to. */
const isRoot = process.getuid?.() === 0

/** An OpenSSH server of our own on 127.0.0.1. */
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
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-sshd-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  for (const name of ['host_key', 'user_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)])
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  await writeFile(join(folder, 'authorized_keys'), read('user_key.pub'))
  await writeFile(join(folder, 'sshd_config'), configOf({ folder, port, lines }))
  const user = isRoot ? 'nobody' : (process.env['USER'] ?? 'root')
  const files = join(folder, 'files')
  await mkdir(files)
  if (isRoot)
    execFileSync('chown', [
      '-R',
      'nobody:nogroup',
      files,
      join(folder, 'host_key'),
      join(folder, 'sshd_config'),
    ])
  const server = start(folder)
  await until('the SSH server answers', () => answers(port))
  const hostKey = read('host_key.pub').trim()
  const privateKeyFile = join(folder, 'user_key')
  return {
    port,
    user,
    hostKey,
    privateKeyFile,
    folder: files,
    pid: server.pid as number,
    settings: (path) => ({
      type: 'sftp',
      host: '127.0.0.1',
      port,
      user,
      path,
      hostKey,
      privateKey: { file: privateKeyFile },
    }),
    stop: async () => {
      await end(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Not as root, who could write everywhere: what is tested are the rights of a usual user. */
function start(folder: string): ChildProcess {
  const argv = [PROGRAM, '-D', '-e', '-f', join(folder, 'sshd_config')]
  const [program = '', ...rest] = isRoot
    ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', ...argv]
    : argv
  // A group of its own: sessions are processes that outlive the server.
  return spawn(program, rest, { stdio: 'ignore', detached: true, cwd: '/' })
}

const configOf = ({ folder, port, lines }: { folder: string; port: number; lines: readonly string[] }) =>
  [
    ...lines,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
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

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
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
