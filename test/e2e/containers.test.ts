import { execa } from 'execa'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackupSummary } from '../../core/backup.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { describeWith } from '../support/needs.js'
import { startPostgres, type PostgresServer } from '../support/postgres.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// Plans as people write them: a container that is held, a database in another, a volume, SQLite files, a server elsewhere.

const ORDERS_PASSWORD = 'canary-orders-password'

describeWith(['built', 'temporal', 'docker', 'postgres', 'root'], 'containers and databases', () => {
  let docker: DockerForTests
  let server: PostgresServer
  let world: World
  let web: string
  let db: string
  let volume: string

  beforeAll(async () => {
    docker = await requireDocker()
    server = await startPostgres()
    await server.run('create database stock')
    await server.run(
      "create table parts as select n as id, 'part ' || n as name from generate_series(1, 500) n",
      'stock',
    )

    world = await makeWorld({
      environment: docker.environment,
      secrets: { STOCK_PASSWORD: server.password, ORDERS_PASSWORD },
    })
    volume = `uploads-${world.folder.slice(-6).toLowerCase()}`
    await docker.docker.createVolume({ Name: volume })
    const webContainer = await docker.create(docker.tinyImage, { HostConfig: { Binds: [`${volume}:/srv`] } })
    await webContainer.container.start()
    web = webContainer.name
    const dbContainer = await docker.create(await docker.postgresImage(), {
      Env: [`POSTGRES_PASSWORD=${ORDERS_PASSWORD}`],
    })
    await dbContainer.container.start()
    db = dbContainer.name
    await until(
      'PostgreSQL is healthy',
      async () => (await dbContainer.container.inspect()).State.Health?.Status === 'healthy',
    )
    await psql('postgres', 'create database orders')
    await psql(
      'orders',
      'create table lines as select n as id, md5(n::text) as text from generate_series(1, 2000) n',
    )
    await writeFile(join(await mountpoint(), 'photo.jpg'), 'a photo')
    await sqlite(
      "create table sessions (id integer primary key, name text); insert into sessions (name) values ('one'), ('two')",
    )

    await world.writePlan({
      plan: 'shop',
      hold: { services: [`docker:${web}`], maxDowntime: '60s' },
      sources: {
        orders: {
          type: 'postgres',
          in: `docker:${db}`,
          database: 'orders',
          password: { env: 'ORDERS_PASSWORD' },
        },
        uploads: { type: 'volume', volume },
        sessions: { type: 'sqlite', paths: [world.path('sessions.db')] },
      },
      encryption: { keys: ['main'] },
    })
    await world.writePlan({
      plan: 'stock',
      sources: {
        stock: {
          type: 'postgres',
          connection: { host: server.host, port: server.port },
          database: 'stock',
          user: server.superuser,
          password: { env: 'STOCK_PASSWORD' },
          dump: 'plain',
        },
        server: {
          type: 'postgres',
          connection: { host: server.host, port: server.port },
          databases: 'all',
          user: server.superuser,
          password: { env: 'STOCK_PASSWORD' },
        },
      },
    })
    await world.configure({ keys: { main: { type: 'file', path: world.path('main.key') } } })
    await world.holdfast('key', 'create', 'main')
    await world.up()
  })

  afterAll(async () => {
    await world.dispose()
    await docker.clean()
    await docker.docker.getVolume(volume).remove({ force: true })
    await server.stop()
  })

  test('one run holds the container, dumps the database beside it, and archives volume and SQLite file', async () => {
    const before = await startedAt(web)

    const result = await world.json<BackupRunResult>('backup', 'create', 'shop')

    expect(result).toMatchObject({ outcome: 'good', data: 'complete', services: 'ok' })
    expect(await isRunning(web)).toBe(true)
    expect(await startedAt(web)).not.toBe(before)
    const names = await readdir(world.path('backups', 'plans', 'shop', result.backupId))
    const kinds = names.map((name) => name.replace(/_\d{8}_\d{6}/, '')).sort()
    expect(kinds).toEqual(
      expect.arrayContaining(['orders.dump.zst.enc', 'uploads.index.zst.enc', 'uploads.tar.zst.enc']),
    )
    expect((await world.holdfast('backup', 'verify', result.backupId)).code).toBe(0)
  })

  test('what was damaged comes back, in the container, the volume and the SQLite file', async () => {
    const [backup] = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')
    await psql('orders', 'delete from lines where id > 10')
    await rm(join(await mountpoint(), 'photo.jpg'))
    await sqlite('pragma journal_mode = wal; delete from sessions')

    const restore = await world.holdfast('backup', 'restore', backup!.id, '--yes')

    expect(restore).toMatchObject({ code: 0 })
    expect(
      await psql('orders', "select count(*), md5(string_agg(text, ',' order by id)) from lines"),
    ).toMatch(/^2000\|/)
    expect(await readFile(join(await mountpoint(), 'photo.jpg'), 'utf8')).toBe('a photo')
    expect(await sqlite('select count(*) from sessions')).toBe('2')
    expect(await isRunning(web)).toBe(true)
  })

  test('a dry run says what would be overwritten and stopped, and touches nothing', async () => {
    const [backup] = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')
    const before = await startedAt(web)

    const { code, stdout } = await world.holdfast('backup', 'restore', backup!.id, '--dry-run')

    expect(code).toBe(0)
    expect(stdout).toContain('orders')
    expect(stdout).toContain(`docker:${web}`)
    expect(await startedAt(web)).toBe(before)
  })

  test('a server elsewhere: one database as SQL, all of it with its globals, restored beside the real one', async () => {
    const result = await world.json<BackupRunResult>('backup', 'create', 'stock')
    expect(result.outcome).toBe('good')
    await server.run('drop table parts', 'stock')

    const restore = await world.holdfast(
      'backup',
      'restore',
      result.backupId,
      '--source',
      'stock',
      '--database',
      'stock_check',
      '--yes',
    )

    expect(restore).toMatchObject({ code: 0 })
    expect((await server.run('select count(*) from parts', 'stock_check')).trim()).toBe('500')
    expect((await server.run("select count(*) from pg_class where relname = 'parts'", 'stock')).trim()).toBe(
      '0',
    )
    const names = await readdir(world.path('backups', 'plans', 'stock', result.backupId))
    expect(names.some((name) => name.includes('globals.sql'))).toBe(true)
  })

  test('a wrong password and a missing database fail before anything stops, in words of their own', async () => {
    const connection = { host: server.host, port: server.port }
    const postgres = { type: 'postgres', connection, user: server.superuser }
    await writeFile(world.path('wrong'), 'canary-wrong-password\n', { mode: 0o600 })
    await world.writePlan({
      plan: 'wrong',
      sources: { a: { ...postgres, database: 'stock', password: { file: world.path('wrong') } } },
    })
    await world.writePlan({
      plan: 'absent',
      sources: { a: { ...postgres, database: 'stokc', password: { env: 'STOCK_PASSWORD' } } },
    })

    const wrong = await world.holdfast('backup', 'create', 'wrong')
    const absent = await world.holdfast('backup', 'create', 'absent')

    expect(wrong).toMatchObject({ code: 4 })
    expect(wrong.stderr + wrong.stdout).not.toContain('canary')
    expect(absent).toMatchObject({ code: 3 })
    expect(absent.stderr).toContain('stokc')
  })

  test('a container that is missing fails before anything stops', async () => {
    await world.writePlan({
      plan: 'ghost',
      hold: { services: [`docker:${web}`, 'docker:ghost'] },
      sources: { uploads: { type: 'volume', volume } },
    })
    const before = await startedAt(web)

    const { code, stderr } = await world.holdfast('backup', 'create', 'ghost')

    expect({ code, stderr }).toMatchObject({ code: 3 })
    expect(stderr).toContain('ghost')
    expect(await startedAt(web)).toBe(before)
  })

  test('a pause keeps the container, and ends', async () => {
    const before = await startedAt(web)
    await world.writePlan({
      plan: 'paused',
      hold: { services: [`docker:${web}`], mode: 'pause' },
      sources: { uploads: { type: 'volume', volume } },
    })

    const result = await world.json<BackupRunResult>('backup', 'create', 'paused')

    expect(result.outcome).toBe('good')
    expect(await startedAt(web)).toBe(before)
    expect((await docker.docker.getContainer(web).inspect()).State.Paused).toBe(false)
  })

  const isRunning = async (name: string) => (await docker.docker.getContainer(name).inspect()).State.Running
  const startedAt = async (name: string) => (await docker.docker.getContainer(name).inspect()).State.StartedAt
  const mountpoint = async () => (await docker.docker.getVolume(volume).inspect()).Mountpoint

  async function psql(database: string, sql: string): Promise<string> {
    const argv = [
      'exec',
      '--env',
      'PGPASSWORD',
      db,
      'psql',
      '-X',
      '-A',
      '-t',
      '-v',
      'ON_ERROR_STOP=1',
      '-U',
      'postgres',
      '-d',
      database,
      '-c',
      sql,
    ]
    const { stdout } = await execa('docker', argv, {
      env: { ...docker.environment, PGPASSWORD: ORDERS_PASSWORD },
    })
    return stdout
  }

  async function sqlite(sql: string): Promise<string> {
    const { stdout } = await execa('sqlite3', [world.path('sessions.db'), sql])
    return stdout.trim()
  }
})
