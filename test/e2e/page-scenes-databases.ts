import { chmod, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startMariadb } from '../support/mariadb.js'
import { startPostgres, type PostgresServer } from '../support/postgres.js'
import { until } from '../support/until.js'
import type { Machine } from './machine.js'
import type { Scene, Stage, Trial } from './page-scenes.js'

// Client programs look for their servers in these when nobody says where.
export const POSTGRES_FOLDER = '/run/postgresql'
const MARIADB_FOLDER = '/run/mysqld'

/** Rows by line, columns by `|`. As root, for whom the page has made a role. */
const postgres = (machine: Machine, database: string, ...statements: string[]): Promise<string> =>
  machine.output(
    [
      `psql -XqAt --set=ON_ERROR_STOP=1 --dbname=${database}`,
      ...statements.map((statement) => `--command="${statement}"`),
    ].join(' '),
  )

const mariadb = (machine: Machine, statement: string): Promise<string> =>
  machine.output(`mariadb --batch --skip-column-names --execute="${statement}"`)

const DATABASES = ['accounts', 'orders', 'stock', 'wiki'] as const

/** As Debian's packages have it: over the socket, whoever the system says that it is, and nobody else. */
const BY_SYSTEM_USER = 'local all all peer\n'

/** A server of the machine's own, where its clients look for it. */
export async function servePostgres({
  machine,
  afterwards,
}: Pick<Stage, 'machine' | 'afterwards'>): Promise<PostgresServer> {
  const server = await startPostgres()
  afterwards(() => server.stop())
  await chmod(machine.path(POSTGRES_FOLDER), 0o755)
  await symlink(
    join(server.socketFolder, `.s.PGSQL.${server.port}`),
    machine.path(`${POSTGRES_FOLDER}/.s.PGSQL.5432`),
  )
  return server
}

/** From now on `server.run` is a stranger. */
export async function letSystemUsersIn(machine: Machine, server: PostgresServer): Promise<void> {
  await writeFile(await server.run('SHOW hba_file'), BY_SYSTEM_USER)
  await server.run('SELECT pg_reload_conf()')
  const asItsOwner = 'runuser --user=postgres -- psql --no-password --command="SELECT 1"'
  await until('PostgreSQL goes by system users', async () => (await machine.run(asItsOwner)).code === 0)
}

async function preparePostgres(stage: Stage): Promise<void> {
  const server = await servePostgres(stage)
  await server.run(`CREATE ROLE clerk LOGIN PASSWORD 'canary-clerk'`)
  for (const name of DATABASES) {
    await server.run(`CREATE DATABASE ${name} OWNER clerk`)
    await server.run(`CREATE TABLE notes AS SELECT '${name}' AS what`, name)
  }
  await server.run('ALTER TABLE notes OWNER TO clerk', 'orders')
  await letSystemUsersIn(stage.machine, server)
}

async function prepareMariadb({ machine, ...stage }: Stage): Promise<void> {
  const server = await startMariadb()
  stage.afterwards(() => server.stop())
  for (const name of ['wiki', 'blog'])
    await server.run(`CREATE DATABASE ${name}; CREATE TABLE ${name}.notes AS SELECT '${name}' AS what`)
  await server.run('ALTER USER root@localhost IDENTIFIED VIA unix_socket')
  await chmod(machine.path(MARIADB_FOLDER), 0o755)
  await symlink(server.socket, machine.path(`${MARIADB_FOLDER}/mysqld.sock`))
}

const setOrders = (machine: Machine, what: string): Promise<string> =>
  postgres(machine, 'orders', `UPDATE notes SET what = '${what}'`)

const notesOf = (machine: Machine, database: string): Promise<string> =>
  postgres(machine, database, 'SELECT what FROM notes')

const OWNER = `SELECT tableowner, rolpassword IS NOT NULL FROM pg_tables JOIN pg_authid ON rolname = tableowner
  WHERE tablename = 'notes'`

/** All that the server had, with the role that owned it. */
const wholeServer: Trial = {
  expected: { ...Object.fromEntries(DATABASES.map((name) => [name, name])), owner: 'clerk|t' },
  async damage({ machine }) {
    const lost = ['orders', 'stock', 'wiki'].map((name) => `DROP DATABASE ${name}`)
    await postgres(machine, 'postgres', ...lost, 'REASSIGN OWNED BY clerk TO root', 'DROP ROLE clerk')
    await postgres(machine, 'accounts', 'DROP TABLE notes')
  },
  async look({ machine }) {
    const found: Record<string, string> = {}
    for (const name of DATABASES) found[name] = await notesOf(machine, name)
    return { ...found, owner: await postgres(machine, 'orders', OWNER) }
  },
}

/** One database out of all, beside the one in use. */
const oneTakenOut: Trial = {
  expected: { found: 'orders', inUse: 'of today' },
  damage: async ({ machine }) => void (await setOrders(machine, 'of today')),
  look: async ({ machine }) => ({
    found: await notesOf(machine, 'orders_found'),
    inUse: await notesOf(machine, 'orders'),
  }),
}

/** One source of two: the other keeps what was written since. */
const ordersOnly: Trial = {
  expected: { orders: 'of today', accounts: 'of tomorrow' },
  async damage({ machine }) {
    await postgres(machine, 'orders', 'DROP TABLE notes')
    await postgres(machine, 'accounts', `UPDATE notes SET what = 'of tomorrow'`)
  },
  look: async ({ machine }) => ({
    orders: await notesOf(machine, 'orders'),
    accounts: await notesOf(machine, 'accounts'),
  }),
}

const ordersBeside: Trial = {
  expected: 'of today',
  damage: async () => undefined,
  look: ({ machine }) => notesOf(machine, 'orders_yesterday'),
}

const wikiTakenOut: Trial = {
  expected: 'wiki',
  damage: async ({ machine }) => void (await mariadb(machine, 'DROP TABLE wiki.notes')),
  look: ({ machine }) => mariadb(machine, 'SELECT what FROM wiki_found.notes'),
}

/** A host with PostgreSQL and MariaDB of its own, reached over their usual sockets. */
export const manyDatabases: Scene = {
  ...wholeServer,
  folders: [POSTGRES_FOLDER, MARIADB_FOLDER],
  async prepare(stage) {
    await preparePostgres(stage)
    await prepareMariadb(stage)
  },
  parts: {
    'recover /mnt/backups --to ./recovered': oneTakenOut,
    'backup restore --source orders': ordersOnly,
    'backup restore --source orders --database orders_yesterday': ordersBeside,
    'recover /mnt/backups --to ./recovered-mariadb': wikiTakenOut,
  },
}
