import { mkdir, realpath, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createAllowed, type ServerSource } from '../../activities/allowed.js'
import { HoldfastError } from '../../core/errors.js'
import type { BackupJob } from '../../core/job.js'
import type { Site } from '../../core/site.js'
import type { HeldServices } from '../../schemas/holds.js'
import type { Source } from '../../schemas/sources.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const at = (path: string) => join(folder(), path)

beforeAll(async () => {
  for (const path of ['srv/shop/uploads', 'srv/shopping', 'etc/secret', 'restore'])
    await mkdir(at(path), { recursive: true })
  await symlink(at('etc'), at('srv/shop/link-out'))
  await symlink(at('srv/shop'), at('shop'))
  await symlink(at('etc/not-yet'), at('srv/shop/dangling'))
})

const jobOf = (host: string, services: HeldServices[], sources: Record<string, Source>): BackupJob =>
  ({
    host,
    sets: [
      {
        hold: { services },
        sources: Object.entries(sources).map(([name, source]) => ({ name, source })),
      },
    ],
  }) as unknown as BackupJob

function allowed(allow?: Site['allow']) {
  const plans = [
    jobOf('nas', ['docker:shop/web', 'command:worker', { label: 'plan=wiki' }], {
      files: { type: 'files', paths: [at('srv/shop')] },
      uploads: { type: 'volume', volume: 'shop_uploads' },
      orders: {
        type: 'postgres',
        in: 'docker:shop-db',
        database: 'orders',
        password: { env: 'SHOP_PASSWORD' },
      },
      stock: {
        type: 'postgres',
        connection: { host: 'db.lan', tls: 'require' },
        password: { env: 'STOCK_PASSWORD' },
      },
    }),
    jobOf('other', ['docker:elsewhere'], { files: { type: 'files', paths: [at('etc')] } }),
  ]
  return createAllowed({
    site: { host: 'nas', configFile: '/srv/holdfast.yaml', ...(allow === undefined ? {} : { allow }) },
    plans: async () => plans,
    find: async ({ label }) => (label === 'plan=wiki' ? ['docker:wiki', 'docker:notes'] : []),
    resolve: async (reference) => {
      if (reference === 'docker:shop/web') return 'docker:shop_web_1'
      throw new HoldfastError('docker.unreachable', 'no daemon')
    },
  })
}

const refused = (code: string) => ({ code, hint: expect.stringContaining('/srv/holdfast.yaml') as string })

test('without `allow`: services that plans of this host hold or dump inside, by whatever reference', async () => {
  const host = allowed()

  await host.service('docker:shop_web_1')
  await host.service('command:worker')
  await host.service('docker:shop-db')
  await host.service('docker:notes')
  await expect(host.service('docker:other')).rejects.toMatchObject(refused('plan.not-allowed'))
  await expect(host.service('docker:elsewhere')).rejects.toMatchObject(refused('plan.not-allowed'))
})

test('without `allow`: paths and volumes that plans of this host name', async () => {
  const host = allowed()

  await host.readPath(at('srv/shop'))
  await host.readPath(at('srv/shop/uploads'))
  await host.volume('shop_uploads')
  await expect(host.readPath(at('srv'))).rejects.toMatchObject(refused('plan.not-allowed'))
  await expect(host.readPath(at('etc'))).rejects.toMatchObject(refused('plan.not-allowed'))
  await expect(host.volume('other')).rejects.toMatchObject(refused('plan.not-allowed'))
})

const inShop: ServerSource = { type: 'postgres', in: 'docker:shop-db', password: { env: 'SHOP_PASSWORD' } }
const stock = (connection: object, type = 'postgres') =>
  ({ type, connection, password: { env: 'STOCK_PASSWORD' } }) as ServerSource
const stockServer = { host: 'db.lan', tls: 'require' }

test.each<[string, ServerSource]>([
  ['into the container that a plan names', inShop],
  ['to the server that a plan names', stock(stockServer)],
  ['to its port, said or not', stock({ ...stockServer, port: 5432 })],
  ['more safely than the plan says', stock({ ...stockServer, tls: 'verify-full' })],
  ['nowhere, where there is none', { type: 'mysql', connection: { host: 'elsewhere' } }],
])('a password goes %s', async (_, source) => {
  await allowed().password(source)
})

test.each([
  ['that no plan names', { ...inShop, password: { env: 'OTHER' } }],
  ['that is like one that a plan names', { ...inShop, password: { env: 'SHOP_PASSWORD', more: 1 } }],
  ['into another container', { ...inShop, in: 'docker:shop/web' }],
  ['to a server instead of a container', { ...stock(stockServer), password: inShop.password! }],
  ['to the local socket instead of a server', stock(undefined as unknown as object)],
  ['to another server', stock({ ...stockServer, host: 'attacker.lan' })],
  ['to another port', stock({ ...stockServer, port: 5433 })],
  ['less safely than the plan says', stock({ host: 'db.lan' })],
  ['as another protocol', stock(stockServer, 'mysql')],
  ['with another authority', stock({ ...stockServer, authority: '/tmp/ca.pem' })],
])('a password does not go: one %s', async (_, source) => {
  await expect(allowed().password(source)).rejects.toMatchObject({ code: 'plan.not-allowed' })
})

test('a refused secret is named by where it is, never by what it may be', async () => {
  const password = (reference: unknown) =>
    allowed().password({ ...inShop, password: reference } as ServerSource)

  await expect(password('canary')).rejects.not.toThrow(/canary/)
  await expect(password({ env: 'OTHER' })).rejects.toThrow(/OTHER/)
})

test('paths are what they lead to: neighbours, dots and links out are refused, links in are not', async () => {
  const host = allowed()

  await host.readPath(at('shop/uploads'))
  await host.readPath(at('srv/shop/./uploads/../uploads'))
  await host.readPath(at('srv/shop/not-yet/there'))
  for (const path of [
    'srv/shopping',
    'srv/shop/../../etc',
    'srv/shop/link-out',
    'srv/shop/link-out/secret',
    'srv/shop/dangling',
  ])
    await expect(host.readPath(at(path))).rejects.toMatchObject(refused('plan.not-allowed'))
})

test('a path that a plan names by a link is that path', async () => {
  expect(await realpath(at('shop'))).toBe(await realpath(at('srv/shop')))

  await createAllowed({
    site: { host: 'nas', configFile: '/srv/holdfast.yaml' },
    plans: async () => [jobOf('nas', [], { files: { type: 'files', paths: [at('shop')] } })],
    find: async () => [],
    resolve: async (reference) => reference,
  }).readPath(at('srv/shop/uploads'))
})

test('each list of `allow` counts instead of the plans; those left out do not', async () => {
  const host = allowed({ services: ['docker:blog-*'], paths: [at('etc')] })

  await host.service('docker:blog-web')
  await host.readPath(at('etc/secret'))
  await host.volume('shop_uploads')
  await expect(host.service('docker:shop_web_1')).rejects.toMatchObject(refused('plan.not-allowed'))
  await expect(host.readPath(at('srv/shop'))).rejects.toMatchObject(refused('plan.not-allowed'))
  await allowed({ restoreTo: [at('restore')] }).service('docker:shop_web_1')
})

test('a glob of `allow` that starts with ! allows nothing else', async () => {
  const host = allowed({ services: ['docker:shop-*', '!docker:shop-db'] })

  await host.service('docker:shop-web')
  await expect(host.service('docker:blog-db')).rejects.toMatchObject(refused('plan.not-allowed'))
})

test('restores go where sources came from, and into `allow.restoreTo`', async () => {
  const host = allowed({ restoreTo: [at('restore')] })

  await host.restorePath(at('srv/shop'))
  await host.restorePath(at('restore/shop'))
  await expect(host.restorePath(at('etc'))).rejects.toMatchObject(refused('restore.not-allowed'))
  await expect(allowed().restorePath(at('restore'))).rejects.toMatchObject({
    code: 'restore.not-allowed',
    hint: expect.stringContaining('allow.restoreTo') as string,
  })
})
