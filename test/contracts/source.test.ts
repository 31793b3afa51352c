import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { files } from '../../activities/sources/files.js'
import { mysql } from '../../activities/sources/mysql.js'
import { postgres } from '../../activities/sources/postgres.js'
import { sqlite } from '../../activities/sources/sqlite.js'
import { volume } from '../../activities/sources/volume.js'
import { sourceContext } from '../fakes/source-context.js'
import { startMariadb, type MariadbServer } from '../support/mariadb.js'
import { describeWith } from '../support/needs.js'
import { startPostgres, type PostgresServer } from '../support/postgres.js'
import { describeSource } from './source.js'

const makeTree = () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'))
  const tree = join(folder, 'data')
  mkdirSync(join(tree, 'sub'), { recursive: true })
  mkdirSync(join(folder, 'scratch'))
  writeFileSync(join(tree, 'a'), 'a')
  writeFileSync(join(tree, 'sub/b'), 'b'.repeat(100_000))
  return {
    tree,
    context: { ...sourceContext({ scratchFolder: join(folder, 'scratch') }), volumePath: async () => tree },
    content: async () =>
      (readdirSync(tree, { recursive: true }) as string[])
        .sort()
        .map((name) => [name, name === 'sub' ? 'folder' : readFileSync(join(tree, name), 'utf8')]),
    change: async () => {
      writeFileSync(join(tree, 'a'), 'changed')
      writeFileSync(join(tree, 'added'), 'added')
    },
    dispose: async () => rmSync(folder, { recursive: true }),
  }
}

describeSource('files', files, async () => {
  const made = makeTree()
  return { ...made, source: { type: 'files', paths: [made.tree] } }
})

describeSource('volume', volume, async () => ({
  ...makeTree(),
  source: { type: 'volume', volume: 'shop_uploads' },
}))

describeSource('sqlite', sqlite, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'))
  const file = join(folder, 'sessions.db')
  const query = (sql: string) => execFileSync('sqlite3', [file, sql], { encoding: 'utf8' })
  mkdirSync(join(folder, 'scratch'))
  query("create table sessions (name text); insert into sessions values ('one'), ('two')")
  return {
    source: { type: 'sqlite', paths: [file] },
    context: sourceContext({ scratchFolder: join(folder, 'scratch') }),
    content: async () => query('select name from sessions order by name'),
    change: async () => void query("delete from sessions where name = 'one'"),
    dispose: async () => rmSync(folder, { recursive: true }),
  }
})

describeWith(['postgres'], 'a server', () => {
  let server: PostgresServer
  beforeAll(async () => (server = await startPostgres()))
  afterAll(() => server.stop())
  let made = 0

  describeSource('postgres', postgres, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'))
    const database = `orders_${made++}`
    await server.run(`create database ${database}`)
    await server.run(
      "create table lines as select 'line ' || n as text from generate_series(1, 9) n",
      database,
    )
    return {
      source: {
        type: 'postgres',
        connection: { host: server.host, port: server.port },
        user: server.superuser,
        password: { file: server.passwordFile },
        database,
      },
      context: sourceContext({ scratchFolder: folder }),
      content: () => server.run("select string_agg(text, ',' order by text) from lines", database),
      databases: () => server.run("select string_agg(datname, ',') from pg_database"),
      change: async () => void (await server.run('delete from lines', database)),
      dispose: async () => rmSync(folder, { recursive: true }),
    }
  })
})

describeWith(['mariadb'], 'a server of MariaDB', () => {
  let server: MariadbServer
  beforeAll(async () => (server = await startMariadb()))
  afterAll(() => server.stop())
  let made = 0

  describeSource('mysql', mysql, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'))
    const database = `orders_${made++}`
    await server.run(
      `CREATE DATABASE ${database}; USE ${database};
       CREATE TABLE rows_of AS SELECT CONCAT('line ', seq) AS text FROM mysql.seq_1_to_9`,
    )
    const rows = `SELECT GROUP_CONCAT(text ORDER BY text) FROM ${database}.rows_of`
    return {
      source: {
        type: 'mysql',
        connection: { host: server.host, port: server.port },
        password: { file: server.passwordFile },
        database,
      },
      restores: 'absent',
      context: sourceContext({ scratchFolder: folder }),
      content: () => server.run(rows).catch(() => 'not there'),
      databases: () => server.run('SHOW DATABASES'),
      change: async () => void (await server.run(`DROP DATABASE ${database}`)),
      dispose: async () => rmSync(folder, { recursive: true }),
    }
  })
})
