import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { preflightActivities } from '../../activities/preflight.js'
import { HoldfastError } from '../../core/errors.js'
import type { BackupJob, NamedSource, PlannedHold, SourceSet } from '../../core/job.js'
import type { HeldServices } from '../../schemas/holds.js'
import { runActivity } from '../fakes/activity.js'
import { storeBackup } from '../fakes/backups.js'
import { fakeSite } from '../fakes/site.js'
import { fakeDrivers } from '../fakes/source-driver.js'
import { testSpool } from '../fakes/spool.js'
import { fakeTools } from '../fakes/tools.js'

let stateDir: string
beforeEach(async () => (stateDir = await mkdtemp(join(tmpdir(), 'preflight-'))))
afterEach(() => rm(stateDir, { recursive: true }))

const hold = (...services: HeldServices[]): PlannedHold => ({
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
    holds: [{ ...hold('docker:web', 'docker:worker'), startAfter: { 'docker:web': ['docker:worker'] } }],
    warnings: [],
  })
  expect(fake.calls).toEqual(['preflight orders', 'preflight uploads'])
  expect(disk.objects.size).toBe(0)
})

describe('order', () => {
  const orderOf = async ({ preflight }: ReturnType<typeof world>) => (await preflight()).holds[0]?.services

  test('what needs another stops before it, whatever the order in the plan', async () => {
    const one = world({ hold: hold('docker:db', 'docker:worker', 'docker:web'), sources: [uploads] })
    one.tools.world.needs.set('docker:web', ['docker:db'])

    expect(await orderOf(one)).toEqual(['docker:worker', 'docker:web', 'docker:db'])
  })

  test('what the plan says under `after` counts, too, by whatever reference', async () => {
    const after = { 'docker:worker': ['docker:shop/web'] }
    const one = world({ hold: { ...hold('docker:web', 'docker:worker'), after }, sources: [uploads] })
    one.tools.world.references.set('docker:shop/web', 'docker:web')

    expect(await orderOf(one)).toEqual(['docker:worker', 'docker:web'])
  })

  test('what a runtime stops along with another is stopped before it, by us', async () => {
    const one = world({ hold: hold('docker:db', 'docker:web'), sources: [uploads] })
    one.tools.world.stopsAlso.set('docker:db', ['docker:web'])

    expect(await orderOf(one)).toEqual(['docker:web', 'docker:db'])
  })

  test('a circle that the runtimes alone make is no reason not to back up', async () => {
    const one = world({ hold: hold('docker:db', 'docker:web'), sources: [uploads] })
    one.tools.world.needs.set('docker:web', ['docker:db']).set('docker:db', ['docker:web'])

    const { holds, warnings } = await one.preflight()

    expect(holds[0]?.services).toEqual(['docker:db', 'docker:web'])
    expect(warnings).toEqual([
      'docker:db needs docker:web needs docker:db: of these none can be the first to stop.',
    ])
  })

  test('each service starts after the next one that stops, of those that run', async () => {
    const one = world({ hold: hold('docker:web', 'docker:worker', 'docker:db'), sources: [uploads] })
    one.tools.world.services.set('docker:worker', { service: 'docker:worker', state: 'stopped' })

    expect((await one.preflight()).holds[0]?.startAfter).toEqual({
      'docker:web': ['docker:db'],
      'docker:worker': ['docker:db'],
    })
  })

  test('what is needed and not held is waited for by the start, where it may be looked at', async () => {
    const after = { 'docker:web': ['docker:worker'] }
    const one = world({ hold: { ...hold('docker:web'), after }, sources: [uploads] })
    one.tools.world.needs.set('docker:web', ['docker:db', 'docker:secret'])
    one.tools.world.forbidden.add('service docker:secret')

    expect((await one.preflight()).holds[0]?.startAfter).toEqual({
      'docker:web': ['docker:db', 'docker:worker'],
    })
  })
})

describe('services by label or volume', () => {
  const label = { label: 'plan=shop' }

  test('are held each once, also when the plan names one of them besides', async () => {
    const one = world({
      hold: hold(label, 'docker:web', 'docker:db', { usesVolume: 'uploads' }),
      sources: [uploads],
    })
    one.tools.world.selected
      .set('containers with label "plan=shop"', ['docker:web', 'docker:worker'])
      .set('containers with volume "uploads"', ['docker:db', 'docker:web'])

    expect((await one.preflight()).holds[0]?.services).toEqual(['docker:web', 'docker:worker', 'docker:db'])
  })

  test('must be allowed, each of them', async () => {
    const one = world({ hold: hold(label), sources: [uploads] })
    one.tools.world.selected.set('containers with label "plan=shop"', ['docker:web', 'docker:worker'])
    one.tools.world.forbidden.add('service docker:worker')

    await expect(one.preflight()).rejects.toMatchObject({ code: 'plan.not-allowed' })
  })

  test('a dump inside one of them is refused, and says how the hold found it', async () => {
    const one = world({ hold: hold(label), sources: [orders] })
    one.tools.world.selected.set('containers with label "plan=shop"', ['docker:db'])

    await expect(one.preflight()).rejects.toMatchObject({
      code: 'service.invalid',
      hint: expect.stringContaining('Remove containers with label "plan=shop" from') as string,
    })
  })
})

test('looks only at what is asked for', async () => {
  const { fake, preflight } = world({ sources: [orders] }, { hold: hold('docker:gone'), sources: [uploads] })

  expect((await preflight(['orders'])).holds).toEqual([])
  expect(fake.calls).toEqual(['preflight orders'])
  await expect(preflight(['uplods'])).rejects.toMatchObject({
    code: 'flag.invalid',
    hint: 'Its sources are: orders, uploads.',
  })
})

test('says that a service stands still already', async () => {
  const { tools, preflight } = world({ hold: hold('docker:web'), sources: [uploads] })
  tools.world.services.set('docker:web', { service: 'docker:web', state: 'stopped' })

  expect((await preflight()).warnings).toEqual([
    'Service docker:web is stopped already, and will be left so.',
  ])
})

test('what its stop would remove may be paused', async () => {
  const { tools, preflight } = world({
    hold: { ...hold('docker:web'), mode: 'pause' },
    sources: [uploads],
  })
  tools.world.services.set('docker:web', { service: 'docker:web', state: 'running', endsWithStop: true })

  expect((await preflight()).warnings).toEqual([])
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
    'a service that its stop would remove',
    { hold: hold('docker:web'), sources: [uploads] },
    ({ tools }) =>
      tools.world.services.set('docker:web', { service: 'docker:web', state: 'running', endsWithStop: true }),
    'service.invalid',
    'docker:web cannot be stopped: it was made with --rm',
  ],
  [
    'a service that systemd would stop along with one of the hold',
    { hold: hold('docker:db'), sources: [uploads] },
    ({ tools }) => tools.world.stopsAlso.set('docker:db', ['docker:web', 'docker:db']),
    'service.invalid',
    'With docker:db its runtime stops docker:web, and nobody would start that again.',
  ],
  [
    'an order that goes in a circle with what the runtimes say',
    {
      hold: { ...hold('docker:web', 'docker:db'), after: { 'docker:db': ['docker:web'] } },
      sources: [uploads],
    },
    ({ tools }) => tools.world.needs.set('docker:web', ['docker:db']),
    'service.invalid',
    'No order fits the hold: docker:web needs docker:db needs docker:web.',
  ],
  [
    'an order for what is not held',
    { hold: { ...hold('docker:web'), after: { 'docker:worker': ['docker:db'] } }, sources: [uploads] },
    () => undefined,
    'service.invalid',
    '"docker:worker" stands in `hold.after`, but is not held.',
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

test('a set that is held for a far destination goes through the spool, unless its last backup says that it is too small', async () => {
  const { tools, disk, preflight } = world(
    { sources: [orders] },
    { hold: hold('docker:web'), sources: [uploads] },
  )
  const far = { ...tools.site, destinations: { disk: { type: 'local', path: '/far', spool: true } as const } }
  const preflightWith = (limitBytes: number) => {
    const spool = testSpool(stateDir, { limitBytes })
    const { preflight: farPreflight } = preflightActivities(
      { ...tools, site: far, spool },
      fakeDrivers().drivers,
    )
    const sets = [{ sources: [orders] }, { hold: hold('docker:web'), sources: [uploads] }]
    const job = { site: 'home', plan: 'shop', destinations: ['disk'], sets } as unknown as BackupJob
    return runActivity(farPreflight, { job })
  }

  expect((await preflight()).route).toBeUndefined()
  expect((await preflightWith(10)).route).toBe('spool')
  storeBackup(disk)
  const small = await preflightWith(10)

  expect(small.route).toBeUndefined()
  expect(small.warnings).toEqual([expect.stringContaining('The spool has room for 10 B')])
  expect((await preflightWith(1_000_000)).route).toBe('spool')
})
