import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'
import { until } from './until.js'

const execute = promisify(execFile)
const PASSWORD = 'canary-5up3ruser-pa55word'
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** A PostgreSQL server of our own on 127.0.0.1, with a password. */
export interface PostgresServer {
  readonly port: number
  readonly host: string
  /** Folder of its socket. */
  readonly socketFolder: string
  readonly superuser: string
  readonly password: string
  /** Holds the password; 0600. */
  readonly passwordFile: string
  /** Rows by line, columns by `|`. Several statements are one transaction. */
  run(sql: string, database?: string): Promise<string>
  /** Ends it at once and removes its folder. May run twice. */
  stop(): Promise<void>
}

/** Why no server can be started here; undefined where one can. */
export const missingPostgres = async (): Promise<string | undefined> =>
  (await serverPrograms()) === undefined
    ? 'no postgres and initdb on PATH or in /usr/lib/postgresql'
    : undefined

export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const programs = await serverPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed.')
  const account = await serverAccount()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'))
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
  await chmod(folder, 0o700)
  if (account) for (const path of [folder, passwordFile]) await chown(path, account.uid, account.gid)

  const asAccount = account
    ? ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
    : []
  const data = join(folder, 'data')
  const [initdb = '', ...initdbArguments] = [
    ...asAccount,
    ...[join(programs, 'initdb'), '-D', data, '-A', 'scram-sha-256', '-U', 'postgres'],
    ...[`--pwfile=${passwordFile}`, '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
  ]
  await execute(initdb, initdbArguments, { cwd: '/' })

  const port = await freePort()
  const all = { listen_addresses: '127.0.0.1', fsync: 'off', ...settings }
  const [postgres = '', ...postgresArguments] = [
    ...asAccount,
    ...[join(programs, 'postgres'), '-D', data, '-p', String(port), '-k', folder],
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const server = spawn(postgres, postgresArguments, { cwd: '/', stdio: 'ignore' })
  const run = (sql: string, database = 'postgres') => query(programs, { folder, port, sql, database })
  await until('PostgreSQL answers', () => run('select 1').then(Boolean, () => false), 20_000)

  return {
    port,
    host: '127.0.0.1',
    socketFolder: folder,
    superuser: 'postgres',
    password: PASSWORD,
    passwordFile,
    run,
    stop: async () => {
      await end(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The folder that holds both `postgres` and `initdb`: the first on PATH, else the newest that Debian installed. */
async function serverPrograms(): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch((): string[] => [])
  const installed = versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => `/usr/lib/postgresql/${version}/bin`)
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...installed]) {
    const names = await readdir(folder).catch((): string[] => [])
    if (names.includes('postgres') && names.includes('initdb')) return folder
  }
  return undefined
}

/** PostgreSQL refuses to run as root: there its package's own user runs it. */
async function serverAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n')
  const [, , uid, gid] = lines.find((line) => line.startsWith('postgres:'))?.split(':') ?? []
  if (uid === undefined || gid === undefined)
    throw new Error('There is no user "postgres" to run the server as.')
  return { uid: Number(uid), gid: Number(gid) }
}

async function query(
  programs: string,
  question: { folder: string; port: number; sql: string; database: string },
): Promise<string> {
  const quoted = question.database.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  const { stdout } = await execute(
    'psql',
    ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-d', `dbname='${quoted}'`, '-c', question.sql],
    {
      cwd: '/',
      maxBuffer: MAX_OUTPUT_BYTES,
      env: {
        PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
        PGHOST: question.folder,
        PGPORT: String(question.port),
        PGUSER: 'postgres',
        PGPASSWORD: PASSWORD,
        PGCLIENTENCODING: 'UTF8',
        PGCONNECT_TIMEOUT: '5',
      },
    },
  )
  return stdout.replace(/\n$/, '')
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  // SIGQUIT: at once, with all of its sessions; nothing of it is needed any more.
  server.kill('SIGQUIT')
  await exited
}
