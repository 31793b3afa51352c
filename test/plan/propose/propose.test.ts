import { parse } from 'yaml'
import type { SeenContainer, SeenMachine, SeenMount } from '../../../plan/propose/facts.js'
import { keyFileFor } from '../../../plan/propose/key-file.js'
import { propose } from '../../../plan/propose/propose.js'
import { renderConfig, renderPlan } from '../../../plan/propose/render.js'
import { readConfig, readPlan } from '../../../plan/validate.js'

const DESTINATION = '/var/backups/holdfast'
const rendering = { schemas: '/opt/holdfast/schemas', timezone: 'Europe/Berlin' }

const volume = (from: string, to: string, changes: Partial<SeenMount> = {}): SeenMount => ({
  ...{ type: 'volume', from, to, isWritable: true },
  ...changes,
})
const container = (name: string, changes: Partial<SeenContainer> = {}): SeenContainer => ({
  ...{ name, image: 'example/app:1', isRunning: true, variables: [], ports: [], mounts: [] },
  ...changes,
})
const inProject = (project: string, service: string, changes: Partial<SeenContainer> = {}) =>
  container(`${project}-${service}-1`, { project, service, ...changes })

function proposed(changes: Partial<SeenMachine>) {
  const machine: SeenMachine = {
    ...{ containers: [], volumes: [], servers: [], sqlite: [], unfinished: [], user: 'root' },
    ...changes,
  }
  return propose(machine, DESTINATION)
}

/** What a plan file says, without its comments. */
const written = (changes: Partial<SeenMachine>) =>
  proposed(changes).plans.map(
    (plan, index) => parse(renderPlan(plan, index, rendering)) as Record<string, unknown>,
  )

const shopDb = inProject('shop', 'db', {
  image: 'postgres:16',
  mounts: [volume('shop_pg', '/var/lib/postgresql/data')],
})
const shopWeb = inProject('shop', 'web', { mounts: [volume('shop_uploads', '/srv/uploads')] })

test('a Compose project: the database is dumped live, its files are left out, what the web writes is read while it stands still', () => {
  const { plans } = proposed({ containers: [shopDb, shopWeb], volumes: ['shop_pg', 'shop_uploads'] })

  expect(plans).toMatchObject([
    {
      name: 'shop',
      hold: { services: ['docker:shop/web'] },
      sources: [
        { name: 'db', source: { type: 'postgres', in: 'docker:shop/db', databases: 'all' } },
        { name: 'uploads', source: { type: 'volume', volume: 'shop_uploads' } },
      ],
      leftOut: [expect.stringMatching(/^shop_pg: the files of the database in shop-db-1/)],
      toDo: [],
    },
  ])
})

test.each<[string, Partial<SeenContainer>, object | undefined]>([
  ['PostgreSQL by its image', { image: 'ghcr.io/x/postgis:16-3.4' }, { type: 'postgres' }],
  [
    'PostgreSQL by port and variables',
    { ports: [5432], variables: ['POSTGRES_PASSWORD'] },
    { type: 'postgres' },
  ],
  ['a client of PostgreSQL', { variables: ['POSTGRES_PASSWORD', 'POSTGRES_HOST'] }, undefined],
  ['an exporter beside PostgreSQL', { image: 'quay.io/postgres-exporter:1' }, undefined],
  [
    'MariaDB asks for a password',
    { image: 'mariadb:11@sha256:00' },
    { type: 'mysql', password: { env: 'APP_PASSWORD' } },
  ],
  [
    'MySQL that was told to have none',
    { image: 'mysql:8', variables: ['MYSQL_ALLOW_EMPTY_PASSWORD'] },
    { type: 'mysql' },
  ],
])('%s', (_, changes, expected) => {
  const { plans } = proposed({ containers: [container('app', changes)] })

  expect(plans.flatMap(({ sources }) => sources.map(({ source }) => source))).toEqual(
    expected === undefined ? [] : [{ ...expected, in: 'docker:app', databases: 'all' }],
  )
})

test('what only a person knows is said, and no value of an environment is needed for it', () => {
  const db = inProject('wiki', 'db', { image: 'mariadb:11' })
  const other = inProject('shop', 'db', { image: 'postgres:16', variables: ['POSTGRES_USER'] })

  const { plans } = proposed({ containers: [db, other] })

  expect(plans.flatMap(({ toDo }) => toDo)).toEqual([
    expect.stringContaining('Add `user: NAME`'),
    expect.stringContaining('Set WIKI_DB_PASSWORD for `holdfast up`'),
  ])
})

test('a volume that two projects write is read once, while both stand still', () => {
  const mounts = [volume('media', '/media')]

  const plans = written({
    containers: [inProject('a', 'app', { mounts }), inProject('b', 'app', { mounts })],
  })

  expect(plans).toMatchObject([{ plan: 'a', hold: { services: ['docker:a/app', 'docker:b/app'] } }])
})

test('a service with several containers is held by their names', () => {
  const mounts = [volume('media', '/media')]
  const replica = (number: number) => container(`a-app-${number}`, { project: 'a', service: 'app', mounts })

  const [plan] = written({ containers: [replica(1), replica(2)] })

  expect(plan?.['hold']).toEqual({ services: ['docker:a-app-1', 'docker:a-app-2'] })
})

test.each<[string, SeenMount, RegExp]>([
  [
    'a volume without a name',
    volume('a'.repeat(64), '/cache'),
    /^a volume without a name, at \/cache of app/,
  ],
  [
    'the folder of the backups',
    volume('/var/backups', '/b', { type: 'bind' }),
    /the backups themselves go there/,
  ],
  [
    'the socket of Docker',
    volume('/var/run/docker.sock', '/var/run/docker.sock', { type: 'bind' }),
    /no database, and no volume/,
  ],
  [
    'what is only read',
    volume('/srv/x', '/x', { type: 'bind', isWritable: false }),
    /no database, and no volume/,
  ],
])('%s is left out, with the reason', (_, mount, reason) => {
  const { plans, leftOut } = proposed({ containers: [container('app', { mounts: [mount] })] })

  expect(plans).toEqual([])
  expect(leftOut).toEqual([expect.stringMatching(reason)])
})

test('a database that does not run and a volume that nobody mounts are told of', () => {
  const { plans, leftOut } = proposed({
    containers: [container('db', { image: 'postgres', isRunning: false })],
    volumes: ['old', 'b'.repeat(64)],
  })

  expect(plans).toEqual([])
  expect(leftOut).toEqual([
    expect.stringMatching(/^The database in db: it does not run/),
    'Volume old: no container mounts it to write.',
  ])
})

test('SQLite in a folder of a container belongs to its plan, and is not read twice', () => {
  const mounts = [volume('/srv/notes', '/data', { type: 'bind' })]

  const plans = written({
    containers: [container('notes', { mounts })],
    sqlite: [{ path: '/srv/notes/db/n.db' }],
  })

  expect(plans).toMatchObject([
    {
      hold: { services: ['docker:notes'] },
      sources: {
        notes: { type: 'files', paths: ['/srv/notes'], exclude: ['db/n.db', 'db/n.db-*'] },
        sqlite: { type: 'sqlite', paths: ['/srv/notes/db/n.db'] },
      },
    },
  ])
})

test('what the host runs itself: servers by their sockets, SQLite with the unit that uses it', () => {
  const plans = written({
    servers: [
      { family: 'postgres', socket: '/var/run/postgresql', port: 5433 },
      { family: 'mysql', socket: '/run/m.sock' },
    ],
    sqlite: [{ path: '/srv/a/x.db', unit: 'web.service' }, { path: '/srv/b/y.db' }],
  })

  expect(plans).toMatchObject([
    {
      plan: 'host-postgres-5433',
      sources: { databases: { connection: { host: '/var/run/postgresql', port: 5433 }, user: 'root' } },
    },
    { plan: 'host-mysql', sources: { databases: { connection: { host: '/run/m.sock' } } } },
    {
      plan: 'web',
      hold: { services: ['systemd:web.service'] },
      sources: { database: { paths: ['/srv/a/x.db'] } },
    },
    { plan: 'b', sources: { database: { paths: ['/srv/b/y.db'], live: true } } },
  ])
})

test('what is written has the schema, the reasons, and no mistakes', () => {
  const names = ['Uni_code.x', 'shop', 'SHOP', '9'.repeat(90), 'a--']
  const { plans } = proposed({
    containers: names.map((name) =>
      container(name, { mounts: [volume(`v${name.length}`, '/v')], image: 'mariadb' }),
    ),
    servers: [{ family: 'postgres', socket: '/var/run/postgresql', port: 5432 }],
    sqlite: [{ path: "/srv/it's #1: a/x.db" }],
  })

  const config = renderConfig({ destination: DESTINATION, keyFile: '/etc/holdfast/main.key' }, rendering)
  const site = {
    host: 'here',
    destinations: {},
    keys: {},
    services: {},
    defaults: {},
    ...readConfig(config, 'c').config,
  }
  const texts = plans.map((plan, index) => renderPlan(plan, index, rendering))

  expect(new Set(plans.map(({ name }) => name)).size).toBe(plans.length)
  expect(config).toMatch(/^# yaml-language-server: \$schema=\/opt\/holdfast\/schemas\/config\.schema\.json\n/)
  expect(readConfig(config, 'c').issues).toEqual([])
  for (const text of texts) {
    expect(text).toMatch(/^# yaml-language-server: \$schema=\/opt\/holdfast\/schemas\/plan\.schema\.json\n/)
    expect(readPlan(text, 'p', { ...site, host: 'here' }).issues).toEqual([])
  }
  expect(texts[0]).toContain('# Dumped inside its container')
})

test.each([
  ['/srv/plans', true, '/etc/holdfast/main.key'],
  ['/etc/holdfast', true, '/home/anna/.config/holdfast/main.key'],
  ['/home/anna/plans', false, '/home/anna/.config/holdfast/main.key'],
  ['/home/anna', false, '/etc/holdfast/main.key'],
])('the proposed key is outside of %s, which is kept in git', (folder, isRoot, expected) => {
  const keyFile = keyFileFor({ folder, isRoot, homedir: '/home/anna' })

  expect(keyFile).toBe(expected)
  expect(renderConfig({ destination: DESTINATION, keyFile }, rendering)).toContain(`path: ${expected} }`)
})
