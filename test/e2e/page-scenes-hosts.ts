import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { execa } from 'execa'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3_KEY, S3_SECRET, s3Client, s3Endpoint } from '../support/s3.js'
import { startOwnTemporal } from '../support/temporal.js'
import { makeAuthority, startTlsFront, type Authority } from '../support/tls-front.js'
import type { Machine } from './machine.js'
import { POSTGRES_FOLDER, letSystemUsersIn, servePostgres } from './page-scenes-databases.js'
import { makeNotify } from './page-scenes-nas.js'
import { composeShop, type Scene, type Stage } from './page-scenes.js'

/** Of 127.0.0.0/8, where nothing else listens at the ports of the page. */
const TEMPORAL = { name: 'temporal.lan', host: '127.0.0.78', port: 7233 }
const STORE = { name: 's3.example.org', host: '127.0.0.79', port: 443 }
const BUCKET = 'company-backups'
/** What is brought to each machine by hand. */
const STICK = '/mnt/stick'

const environment = {
  NODE_EXTRA_CA_CERTS: `${STICK}/ca.pem`,
  // The page pushes to a server.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: `url.${STICK}/backups.git.insteadOf`,
  GIT_CONFIG_VALUE_0: 'git@git.example.org:company/backups.git',
  ...{ GIT_AUTHOR_NAME: 'me', GIT_AUTHOR_EMAIL: 'me@example.org' },
  ...{ GIT_COMMITTER_NAME: 'me', GIT_COMMITTER_EMAIL: 'me@example.org' },
}

/** Temporal, the store and the git repository, as all hosts reach them. */
async function prepareServers(stage: Stage): Promise<{ authority: Authority; repository: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-hosts-'))
  stage.afterwards(() => rm(folder, { recursive: true, force: true }))
  const repository = join(folder, 'backups.git')
  await execa('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository])

  const authority = await makeAuthority(folder, [TEMPORAL.name, STORE.name])
  const temporal = await startOwnTemporal()
  stage.afterwards(() => temporal.stop())
  const behind = [
    { listen: TEMPORAL, target: temporal.address, asksForCertificate: true, protocols: ['h2'] },
    { listen: STORE, target: new URL(s3Endpoint()).host, asksForCertificate: false, protocols: ['http/1.1'] },
  ]
  for (const { target, ...options } of behind) {
    const [host = '', port = ''] = target.split(':')
    const front = await startTlsFront({ ...options, target: { host, port: Number(port) }, authority })
    stage.afterwards(() => front.stop())
  }
  await s3Client().send(new CreateBucketCommand({ Bucket: BUCKET }))
  return { authority, repository }
}

/** What is not in git, for one host. */
async function bring(
  machine: Machine,
  { authority, repository }: Awaited<ReturnType<typeof prepareServers>>,
) {
  const path = (name: string) => machine.path(`${STICK}/${name}`)
  await mkdir(path('for-holdfast'), { recursive: true })
  await copyFile(authority.certificateFile, path('ca.pem'))
  await copyFile(authority.certificateFile, path('for-holdfast/ca.pem'))
  await copyFile(authority.peer.certificateFile, path('for-holdfast/client.pem'))
  await copyFile(authority.peer.keyFile, path('for-holdfast/client.key'))
  await writeFile(path('for-holdfast/s3-id'), S3_KEY)
  await writeFile(path('for-holdfast/s3-secret'), S3_SECRET)
  await symlink(repository, path('backups.git'))
  await makeNotify(machine, STICK)
  const addresses = [TEMPORAL, STORE].map(({ name, host }) => `${host} ${name}\n`)
  await machine.replaceFile('/etc/hosts', ['127.0.0.1 localhost\n', ...addresses].join(''))
}

const FIRST = `version: 1
site: company
keys: { main: { type: file, path: ${STICK}/first/main.key } }
`

const psql = (machine: Machine, statement: string): Promise<string> =>
  machine.output(`psql -XqAt --set=ON_ERROR_STOP=1 --dbname=stock --command="${statement}"`)

const db1Of = ({ others }: Stage): Machine => {
  const [db1] = others
  if (db1 === undefined) throw new Error('There is one host only.')
  return db1
}

/** A host with a shop of Compose and one with PostgreSQL; Temporal and the store are elsewhere, behind TLS. */
export const severalHosts: Scene = {
  hosts: ['web1', 'db1'],
  folders: [POSTGRES_FOLDER],
  environment,
  expected: 'coffee',
  async prepare(stage) {
    const { machine } = stage
    const servers = await prepareServers(stage)
    for (const one of [machine, ...stage.others]) await bring(one, servers)
    await machine.writeFile(`${STICK}/first/holdfast.yaml`, FIRST)
    const sheet = await machine.output(`(cd ${STICK}/first && holdfast key create main)`)
    for (const one of [machine, ...stage.others]) await one.writeFile(`${STICK}/sheet.txt`, sheet)

    await composeShop.prepare(stage)
    const db1 = db1Of(stage)
    const server = await servePostgres({ ...stage, machine: db1 })
    await server.run('CREATE ROLE root LOGIN SUPERUSER')
    await server.run('CREATE DATABASE stock')
    await letSystemUsersIn(db1, server)
    await psql(db1, `CREATE TABLE notes AS SELECT 'coffee' AS what`)
  },
  damage: async (stage) => void (await psql(db1Of(stage), 'DROP TABLE notes')),
  look: (stage) => psql(db1Of(stage), 'SELECT what FROM notes'),
}
