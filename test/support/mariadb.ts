import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'
import { until } from './until.js'

const execute = promisify(execFile)
const PASSWORD = 'canary-r00t-pa55word'
const SERVER = '/usr/sbin/mariadbd'
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** A MariaDB server of our own on 127.0.0.1, with a password. */
export interface MariadbServer {
  readonly port: number
  readonly host: string
  readonly socket: string
  readonly password: string
  /** Holds the password of root; 0600. */
  readonly passwordFile: string
  /** Rows by line, columns by tab. */
  run(sql: string, database?: string): Promise<string>
  /** Ends it at once and removes its folder. May run twice. */
  stop(): Promise<void>
}

/** Why no server can be started here; undefined where one can. */
export const missingMariadb = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'the server is started as the user mysql, which only root can do'
  const there = await access(SERVER).then(
    () => true,
    () => false,
  )
  return there ? undefined : `no ${SERVER}`
}

export async function startMariadb(): Promise<MariadbServer> {
  const { uid, gid } = await serverAccount()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-mariadb-'))
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, PASSWORD, { mode: 0o600 })
  await chmod(folder, 0o755)
  await chown(folder, uid, gid)
  const data = join(folder, 'data')
  const socket = join(folder, 'socket')
  await execute(
    'mariadb-install-db',
    [
      ...['--no-defaults', '--user=mysql', `--datadir=${data}`, '--auth-root-authentication-method=normal'],
      ...['--skip-test-db', '--innodb-log-file-size=8M', '--innodb-flush-method=nosync'],
    ],
    { cwd: '/' },
  )
  const port = await freePort()
  const server = spawn(
    'setpriv',
    [
      ...[`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', SERVER, '--no-defaults', `--datadir=${data}`],
      ...[`--socket=${socket}`, `--pid-file=${join(folder, 'pid')}`, `--port=${port}`],
      ...['--bind-address=127.0.0.1', '--skip-name-resolve', '--innodb-flush-method=nosync'],
      ...['--innodb-log-file-size=8M', '--innodb-buffer-pool-size=32M'],
    ],
    { cwd: '/', stdio: 'ignore' },
  )
  const query = async (sql: string, password: string, database = 'mysql'): Promise<string> => {
    const child = execute(
      'mariadb',
      [
        ...['--no-defaults', '--user=root', `--socket=${socket}`, '--batch', '--skip-column-names'],
        ...['--default-character-set=utf8mb4', `--database=${database}`],
      ],
      {
        cwd: '/',
        maxBuffer: MAX_OUTPUT_BYTES,
        env: { PATH: process.env['PATH'] ?? '', ...(password === '' ? {} : { MYSQL_PWD: password }) },
      },
    )
    // A client that finds no server ends before it has read: its exit says so.
    child.child.stdin?.on('error', () => undefined)
    child.child.stdin?.end(sql)
    return (await child).stdout.replace(/\n$/, '')
  }
  await until('MariaDB answers', () => query('select 1', '').then(Boolean, () => false), 20_000)
  await query(
    `ALTER USER root@localhost IDENTIFIED BY '${PASSWORD}';
     ALTER USER root@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'`,
    '',
  )
  return {
    ...{ port, host: '127.0.0.1', socket, password: PASSWORD, passwordFile },
    run: (sql, database) => query(sql, PASSWORD, database),
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit')
        // At once, with all of its sessions; nothing of it is needed any more.
        server.kill('SIGKILL')
        await exited
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The server refuses to run as root: its package's own user runs it. */
async function serverAccount(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n')
  const [, , uid, gid] = lines.find((line) => line.startsWith('mysql:'))?.split(':') ?? []
  if (uid === undefined || gid === undefined)
    throw new Error('There is no user "mysql" to run the server as.')
  return { uid: Number(uid), gid: Number(gid) }
}
