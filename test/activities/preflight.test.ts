import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { preflightActivities } from '../../activities/preflight.js'
import { HoldfastError } from '../../core/errors.js'
import type { BackupJob, HoldSpec, NamedSource, SourceSet } from '../../core/job.js'
import { runActivity } from '../fakes/activity.js'
import { storeBackup } from '../fakes/backups.js'
import { fakeSite } from '../fakes/site.js'
import { fakeDrivers } from '../fakes/source-driver.js'
import { fakeTools } from '../fakes/tools.js'

let stateDir: string
beforeEach(async () => (stateDir = await mkdtemp(join(tmpdir(), 'preflight-'))))
afterEach(() => rm(stateDir, { recursive: true }))

const hold = (...services: string[]): HoldSpec => ({
  services,
  mode: 'stop',
  maxDowntimeMs: 600_000,
  stopTimeoutMs: 30_000,
  onInconsistent: 'keep',
  healthyWithinMs: 60_000,
})
const uploads: NamedSource = { name: 'uploads', source: { type: 'files', paths: ['/srv/uploads'] } }
const orders: NamedSource = {
  name: 'orders',
  source: { type: 'postgres', in: 'docker:db', database: 'orders' },
}

function world(...sets: SourceSet[]) {
  const tools = fakeTools({ site: fakeSite({ stateDir }) })
  for (const name of ['web', 'worker', 'db'])
    tools.world.services.set(`docker:${name}`, { service: `docker:${name}`, state: 'running' })
  const fake = fakeDrivers()
  const { preflight } = preflightActivities(tools, fake.drivers)
  const job = { site: 'home', plan: 'shop', destinations: ['disk'], sets } as unknown as BackupJob
  return {
    tools,
    fake,
    disk: tools.world.destinations.disk!,
    preflight: (onlySources?: string[]) =>
      runActivity(preflight, { job, ...(onlySources ? { onlySources } : {}) }),
  }
}

test('answers what the services of the holds really are, and leaves no trace', async () => {
  const { tools, disk, fake, preflight } = world(
    { sources: [orders] },
    { hold: hold('docker:shop/web', 'docker:worker'), sources: [uploads] },
  )
  tools.world.references.set('docker:shop/web', 'docker:web')

  const result = await preflight()

  expect(result).toEqual({
    services: { 'docker:shop/web': 'docker:web', 'docker:worker': 'docker:worker' },
    warnings: [],
  })
  expect(fake.calls).toEqual(['preflight orders', 'preflight uploads'])
  expect(disk.objects.size).toBe(0)
})

test('looks only at what is asked for', async () => {
  const { fake, preflight } = world({ sources: [orders] }, { hold: hold('docker:gone'), sources: [uploads] })

  expect((await preflight(['orders'])).services).toEqual({})
  expect(fake.calls).toEqual(['preflight orders'])
  await expect(preflight(['uplods'])).rejects.toMatchObject({
    code: 'flag.invalid',
    hint: 'Choose among: orders, uploads.',
  })
})

test('says that a service stands still already', async () => {
  const { tools, preflight } = world({ hold: hold('docker:web'), sources: [uploads] })
  tools.world.services.set('docker:web', { service: 'docker:web', state: 'stopped' })

  expect((await preflight()).warnings).toEqual([
    'Service docker:web is stopped already, and will be left so.',
  ])
})

test.each<[string, SourceSet, (one: ReturnType<typeof world>) => void, string, string]>([
  [
    'a service that does not exist',
    { hold: hold('docker:gone'), sources: [uploads] },
    () => undefined,
    'service.not-found',
    'docker:gone',
  ],
  [
    'two references to one container',
    { hold: hold('docker:web', 'docker:shop/web'), sources: [uploads] },
    ({ tools }) => tools.world.references.set('docker:shop/web', 'docker:web'),
    'service.invalid',
    '"docker:web" and "docker:shop/web" are the same service: docker:web.',
  ],
  [
    'a service that may not be held',
    { hold: hold('docker:web'), sources: [uploads] },
    ({ tools }) => tools.world.forbidden.add('service docker:web'),
    'plan.not-allowed',
    'service docker:web',
  ],
  [
    'a dump inside a service that the hold stops',
    { hold: hold('docker:shop/db'), sources: [orders] },
    ({ tools }) => tools.world.references.set('docker:shop/db', 'docker:db'),
    'service.invalid',
    'Source "orders" is dumped inside docker:db, which its hold stops.',
  ],
  [
    'a path that may not be read',
    { sources: [uploads] },
    ({ tools }) => tools.world.forbidden.add('read /srv/uploads'),
    'plan.not-allowed',
    '/srv/uploads',
  ],
  [
    'a source that cannot be read',
    { sources: [uploads] },
    ({ fake }) => (fake.failOn = () => new HoldfastError('source.not-found', 'No such path.')),
    'source.not-found',
    'No such path.',
  ],
  [
    'a destination that cannot be written to',
    { sources: [uploads] },
    ({ disk }) =>
      (disk.failOn = (call) =>
        call.startsWith('put') ? new HoldfastError('destination.denied', 'Read-only.') : undefined),
    'destination.denied',
    'Read-only.',
  ],
  [
    'a destination with less room than the last good backup took',
    { sources: [uploads] },
    ({ disk }) => {
      storeBackup(disk)
      disk.free = 8
    },
    'destination.full',
    'Destination "disk" has 8 B left; the last good backup of "shop" took 9 B.',
  ],
])('refuses %s', async (_, set, prepare, code, message) => {
  const one = world(set)
  prepare(one)

  await expect(one.preflight()).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  })
})

test('room enough is enough, and backups of other sites do not count', async () => {
  const { disk, preflight } = world({ sources: [uploads] })
  storeBackup(disk, { site: 'away', plan: 'shop' })
  disk.free = 8
  await preflight()

  disk.free = 9
  storeBackup(disk, { at: '2026-03-02T00:00:00Z' })
  await preflight()
})

test('says everything that is in the way at once', async () => {
  const { tools, disk, fake, preflight } = world(
    { sources: [orders] },
    { hold: hold('docker:gone'), sources: [uploads] },
  )
  fake.failOn = (call) =>
    call === 'preflight orders'
      ? new HoldfastError('database.denied', 'Wrong password.', { hint: 'Mend it.' })
      : undefined
  tools.world.forbidden.add('read /srv/uploads')
  disk.failOn = (call) =>
    call.startsWith('put') ? new HoldfastError('destination.full', 'Full.') : undefined

  await expect(preflight()).rejects.toMatchObject({
    code: 'database.denied',
    message: [
      '4 things are in the way of backing up "shop"; nothing was stopped:',
      '- Wrong password.',
      '- Service docker:gone does not exist.',
      '- Not allowed: read /srv/uploads.',
      '- Full.',
    ].join('\n'),
    hint: 'Mend it.\nStart it.\nAdd it under `allow`.',
  })
})

test('a bug is not taken for a problem of the plan', async () => {
  const { fake, preflight } = world({ sources: [orders] })
  fake.failOn = () => new TypeError('undefined is not a function')

  await expect(preflight()).rejects.toThrow(TypeError)
})
