import { execa } from 'execa'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SiteStatus } from '../../operations/status.js'
import type { DockerForTests } from '../support/docker.js'
import { until } from '../support/until.js'
import type { Machine } from './machine.js'

export interface Stage {
  /** The first host, and the only one of most pages. */
  readonly machine: Machine
  readonly others: readonly Machine[]
  readonly docker: DockerForTests
  /** What shall end when the page has come to its end, or to none. */
  afterwards(work: () => Promise<void>): void
}

/** How a restore is judged. */
export interface Trial {
  /** Right before it. */
  damage(stage: Stage): Promise<void>
  /** All that it shall bring back. */
  look(stage: Stage): Promise<unknown>
  readonly expected: unknown
}

/** What a page takes for granted, and how its restores in place are judged. */
export interface Scene extends Trial {
  readonly environment?: Readonly<Record<string, string>>
  /** Names of the hosts; left out: one, with the name of the real machine. */
  readonly hosts?: readonly string[]
  /** Folders of the system that each machine has of its own, besides the usual ones. */
  readonly folders?: readonly string[]
  prepare(stage: Stage): Promise<void>
  /** How commands are judged that bring back something else than all; by their words, without the id. */
  readonly parts?: Readonly<Record<string, Trial>>
}

interface Wanted {
  readonly name: string
  readonly service?: string
  readonly image: string
  readonly command?: readonly string[]
  readonly binds?: readonly string[]
  readonly variables?: readonly string[]
}

async function start({ docker }: Stage, wanted: Wanted): Promise<void> {
  const { name, service, image, command, binds = [], variables = [] } = wanted
  const { container } = await docker.create(image, {
    name,
    Labels:
      service === undefined
        ? {}
        : { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': service },
    Env: [...variables],
    ...(command === undefined ? {} : { Cmd: [...command] }),
    HostConfig: { Binds: [...binds] },
  })
  await container.start()
  const isHealthy = async () => (await container.inspect()).State.Health?.Status === 'healthy'
  await until(`${name} is healthy`, isHealthy)
}

const isRunning = async ({ docker }: Stage, name: string): Promise<boolean> =>
  (await docker.docker.getContainer(name).inspect()).State.Running

/** As the official image does it: whoever is inside needs no password. */
const TRUSTING = [
  '/bin/sh',
  '-c',
  'sed s/scram-sha-256/trust/ /entry.sh >/tmp/entry.sh; exec /bin/sh /tmp/entry.sh',
]

async function sql({ docker }: Stage, database: string, statement: string): Promise<string> {
  const container = docker.docker.getContainer('shop-db-1')
  const psql = [
    'psql',
    '-U',
    'postgres',
    '-d',
    database,
    '-X',
    '-A',
    '-t',
    '-q',
    '-P',
    'pager=off',
    '-c',
    statement,
  ]
  const exec = await container.exec({ Cmd: psql, AttachStdout: true, AttachStderr: true, Tty: true })
  const stream = await exec.start({ Tty: true })
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString().replaceAll('\r', '').trim()
}

const uploadsOf = async ({ docker }: Stage): Promise<string> =>
  (await docker.docker.getVolume('shop_uploads').inspect()).Mountpoint

/** A shop of Compose: web, worker, a database, and a volume. */
export const composeShop: Scene = {
  expected: { orders: 'coffee\ntea', cup: 'a picture of a cup', isRunning: [true, true] },
  async prepare(stage) {
    const { docker, machine } = stage
    const tiny = { image: docker.tinyImage, binds: ['shop_uploads:/data'] }
    const image = await docker.postgresImage()
    await start(stage, {
      ...{ name: 'shop-db-1', service: 'db', image, command: TRUSTING },
      ...{ binds: ['shop_db:/var/lib/postgresql'], variables: ['POSTGRES_DB=orders'] },
    })
    await start(stage, { name: 'shop-worker-1', service: 'worker', ...tiny })
    await start(stage, { name: 'shop-web-1', service: 'web', ...tiny })
    await sql(stage, 'orders', `CREATE TABLE orders AS SELECT unnest('{coffee,tea}'::text[]) AS what`)
    await writeFile(join(await uploadsOf(stage), 'cup.jpg'), 'a picture of a cup')
    await machine.writeFile('/srv/shop/compose.yaml', 'services: {}\n')
    await mkdir(machine.path('/mnt/nas'))
  },
  async damage(stage) {
    await sql(stage, 'orders', 'DROP TABLE orders')
    await rm(join(await uploadsOf(stage), 'cup.jpg'))
  },
  look: async (stage) => ({
    orders: await sql(stage, 'orders', 'SELECT what FROM orders ORDER BY what'),
    cup: await readFile(join(await uploadsOf(stage), 'cup.jpg'), 'utf8'),
    isRunning: await Promise.all(['shop-web-1', 'shop-worker-1'].map((name) => isRunning(stage, name))),
  }),
}

const CONFIGURATION = `version: 1
site: home
host: old
destinations: { disk: { type: local, path: /mnt/backups } }
keys: { main: { type: file, path: /etc/holdfast/main.key } }
defaults: { destinations: [disk], encryption: { keys: [main] } }
`

const SHOP = `version: 1
plan: shop
schedule: { cron: '30 4 * * *', timezone: Europe/Berlin }
hold: { services: [docker:shop/web, docker:shop/worker], maxDowntime: 2m }
sources:
  orders: { type: postgres, in: docker:shop/db, database: orders }
  uploads: { type: volume, volume: shop_uploads }
`

/** The embedded server's database is damaged, or was never there: afterwards the schedules are there again. */
const temporalLost: Trial = {
  expected: ['shop'],
  async damage({ machine }) {
    const folder = machine.path('/var/lib/holdfast/temporal')
    for (const name of existsSync(folder) ? await readdir(folder) : [])
      if (name.endsWith('.db')) await writeFile(join(folder, name), 'no database')
  },
  async look({ machine }) {
    const { stdout } = await machine.run('holdfast status --json')
    const { plans } = JSON.parse(stdout) as SiteStatus
    return plans.filter(({ nextRunAt }) => nextRunAt !== undefined).map(({ plan }) => plan)
  },
}

/** A shop that is backed up already, and goes to a machine that has nothing of what was backed up, nor a state folder. */
export const movedShop: Scene = {
  ...composeShop,
  async prepare(stage) {
    const { machine } = stage
    await composeShop.prepare(stage)
    await machine.writeFile('/etc/holdfast/holdfast.yaml', CONFIGURATION)
    await machine.writeFile('/etc/holdfast/plans/shop.yaml', SHOP)
    await machine.output(
      'cd /etc/holdfast; holdfast key create main; holdfast up --detach; holdfast plan apply',
    )
  },
  async damage(stage) {
    await composeShop.damage(stage)
    for (const name of await readdir(stage.machine.path('/var/lib/holdfast')))
      await rm(join(stage.machine.path('/var/lib/holdfast'), name), { recursive: true })
  },
  parts: { 'plan apply': temporalLost },
}

const NOTES = '/srv/notes/notes.db'

const sqlite = async (file: string, statement: string): Promise<string> =>
  (await execa('sqlite3', [file, statement])).stdout

async function makeNotes({ machine }: Stage): Promise<void> {
  await mkdir(machine.path('/srv/notes'), { recursive: true })
  await sqlite(machine.path(NOTES), `CREATE TABLE notes (text); INSERT INTO notes VALUES ('buy milk')`)
  await writeFile(machine.path('/srv/notes/list.txt'), 'an attachment')
}

const WRITTEN = { notes: 'buy milk', list: 'an attachment' }

const lookAtNotes = async ({ machine }: Stage) => ({
  notes: await sqlite(machine.path(NOTES), 'SELECT text FROM notes'),
  list: await readFile(machine.path('/srv/notes/list.txt'), 'utf8'),
})

/** A container with a SQLite database in a folder, and a program that has nothing but its database. */
export const sqliteNotes: Scene = {
  expected: { ...WRITTEN, isRunning: true },
  async prepare(stage) {
    const { docker, machine } = stage
    await makeNotes(stage)
    await mkdir(machine.path('/srv/readings'))
    await sqlite(
      machine.path('/srv/readings/readings.db'),
      'CREATE TABLE readings (celsius); INSERT INTO readings VALUES (21)',
    )
    await start(stage, {
      name: 'notes',
      image: docker.tinyImage,
      binds: [`${machine.path('/srv/notes')}:/data`],
    })
  },
  async damage({ machine }) {
    await sqlite(machine.path(NOTES), 'DELETE FROM notes')
    await rm(machine.path('/srv/notes/list.txt'))
  },
  look: async (stage) => ({ ...(await lookAtNotes(stage)), isRunning: await isRunning(stage, 'notes') }),
}

const PLAN = `version: 1
plan: notes
schedule: { every: 24h }
sources:
  database: { type: sqlite, paths: [${NOTES}], live: true }
  rest: { type: files, paths: [/srv/notes], exclude: [notes.db], live: true }
`
/** A machine that had encrypted backups, and is gone: what is left are the disk, the sheet, and the repository. */
export const lostNotes: Scene = {
  expected: WRITTEN,
  // The page clones from a server.
  environment: {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'url./mnt/backups.git.insteadOf',
    GIT_CONFIG_VALUE_0: 'git@git.example.org:me/backups.git',
  },
  async prepare(stage) {
    const { machine } = stage
    await makeNotes(stage)
    await machine.writeFile('old/holdfast.yaml', CONFIGURATION)
    await machine.writeFile('old/plans/notes.yaml', PLAN)
    await machine.output(`cd old
holdfast key create main >/mnt/sheet.txt
holdfast up --detach
holdfast backup create notes
git init --quiet && git add . && git -c user.name=me -c user.email=me@example.org commit --quiet --message 'plans'
git clone --quiet --bare . /mnt/backups.git`)
    await machine.lose(['/mnt/backups', '/mnt/backups.git', '/mnt/sheet.txt'])
    await machine.writeFile('sheet.txt', await readFile(machine.path('/mnt/sheet.txt'), 'utf8'))
  },
  damage: async () => undefined,
  look: lookAtNotes,
}
