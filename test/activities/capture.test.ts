import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { CancelledFailure } from '@temporalio/activity'
import { captureActivities, isOfAttempt } from '../../activities/capture.js'
import { isSameStop } from '../../activities/holds/still-held.js'
import { objectReader } from '../../activities/pipeline/object-reader.js'
import type { ObjectSink, SourceContext, SourceDriver } from '../../activities/sources/driver.js'
import { sources } from '../../activities/sources/registry.js'
import type { CaptureInput, CaptureProgress } from '../../core/work/capture.js'
import type { LeaseGrant, ObservedService } from '../../core/work/holds.js'
import { NOT_CAPTURED_NAMED } from '../../core/backup.js'
import { activityEnvironment, runActivity } from '../fakes/activity.js'
import type { FakeDestination } from '../fakes/destination.js'
import { fakeSite } from '../fakes/site.js'
import { fakeTools, type FakeTools } from '../fakes/tools.js'
import { collect, prose } from './pipeline/bytes.js'

const FOLDER = 'plans/shop/20261120-013000-shop-7f3a2c/'
const input: CaptureInput = {
  backupId: '20261120-013000-shop-7f3a2c',
  plan: 'shop',
  takenAt: '2026-11-20T01:30:00.000Z',
  destination: 'disk',
  source: { name: 'orders', source: { type: 'files', paths: ['/srv/orders'] } },
  compression: { algorithm: 'zstd', level: 3 },
  attempt: 1,
  grants: [],
}
const grant: LeaseGrant = {
  service: 'docker:web',
  leaseId: 'lease',
  stoppedAt: '2026-11-20T01:30:05.000Z',
  stateBefore: 'running',
  mode: 'stop',
}
const stopped: ObservedService = {
  service: 'docker:web',
  state: 'stopped',
  startedAt: '2026-11-01T00:00:00.000Z',
}

let stateDir: string
let tools: FakeTools
let disk: FakeDestination
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-capture-'))
  tools = fakeTools({ site: fakeSite({ stateDir }) })
  disk = tools.world.destinations['disk'] as FakeDestination
  disk.write(`${FOLDER}run.json`, '{}')
  tools.world.services.set('docker:web', stopped)
})
afterEach(() => rmSync(stateDir, { recursive: true }))

const bytes = prose(5_000_000)
type Read = SourceDriver<'files'>['read']
const readsOne: Read = async (_source, sink) => {
  await sink.store({ kind: 'dump' }, Readable.from([bytes]))
  return { counts: { tables: 3 }, notCaptured: [], hints: { server: '15' }, tools: { pg_dump: '15.4' } }
}
const captureBy = (read: Read) =>
  captureActivities(tools, { ...sources, files: { ...sources.files, read } }).capture
const capture = (read: Read = readsOne, changes: Partial<CaptureInput> = {}) =>
  runActivity(captureBy(read), { ...input, ...changes })
const stored = () => [...disk.objects.keys()].filter((name) => !name.endsWith('run.json'))

it('stores what the source gives, and describes it', async () => {
  const item = await capture()

  expect(stored()).toEqual([`${FOLDER}orders_20261120_013000.dump.zst`])
  expect(item).toMatchObject({
    source: 'orders',
    type: 'files',
    stages: ['zstd'],
    isConsistent: true,
    counts: { tables: 3 },
    hints: { server: '15' },
    tools: { pg_dump: '15.4' },
    notCapturedCounts: {},
  })
  const [object] = item.objects
  expect(object).toMatchObject({ plainBytes: bytes.length, kind: 'dump' })
  const { plan, backupId } = input
  const reader = objectReader({ destination: disk, plan, backupId, signal: new AbortController().signal })
  expect((await collect(reader.open(object as never) as AsyncIterable<Buffer>)).equals(bytes)).toBe(true)
})

it.each([
  ['zstd', 1, undefined, 'orders_20261120_013000.dump.zst'],
  ['gzip', 2, undefined, 'orders_20261120_013000.a2.dump.gz'],
  ['none', 3, 'db%20one', 'orders.db%20one_20261120_013000.a3.dump'],
] as const)('names objects after %s, attempt %i, part %s', async (algorithm, attempt, part, name) => {
  const read: Read = async (_source, sink) => {
    await sink.store({ kind: 'dump', ...(part && { part }) }, Readable.from([bytes]))
    return { counts: {}, notCaptured: [], hints: {}, tools: {} }
  }

  const item = await capture(read, { compression: { algorithm, level: 3 }, attempt })

  expect(item.objects.map((object) => object.name)).toEqual([name])
})

describe('a source that fails', () => {
  const fails: Read = async (_source, sink) => {
    await sink.store({ kind: 'globals.sql' }, Readable.from([Buffer.from('roles')]))
    await sink.store(
      { kind: 'dump' },
      Readable.from(
        (function* () {
          yield bytes
          throw new Error('the dump broke')
        })(),
      ),
    )
    return { counts: {}, notCaptured: [], hints: {}, tools: {} }
  }

  it('leaves no object, not even those that were complete', async () => {
    await expect(capture(fails)).rejects.toThrow('the dump broke')

    expect(stored()).toEqual([])
  })

  it('leaves nothing on the host', async () => {
    await expect(capture(fails)).rejects.toThrow('the dump broke')

    expect(readdirSync(join(stateDir, 'scratch'))).toEqual([])
  })
})

it('gives the source a folder of its own, and removes it', async () => {
  let seen: SourceContext | undefined
  let mode = 0
  await capture(async (source, sink, context) => {
    seen = context
    mode = statSync(context.scratchFolder).mode & 0o777
    return readsOne(source, sink, context)
  })

  expect(mode).toBe(0o700)
  expect(existsSync(seen?.scratchFolder as string)).toBe(false)
  expect(seen?.neverRead).toEqual([stateDir, '/backups'])
})

it('is refused for what this host does not allow, before anything is touched', async () => {
  tools.world.forbidden.add('read /srv/orders')

  await expect(capture()).rejects.toMatchObject({ code: 'plan.not-allowed' })
  expect(disk.calls).toEqual([])
})

it('is refused where nothing was prepared', async () => {
  disk.objects.clear()

  await expect(capture()).rejects.toMatchObject({ code: 'backup.not-found' })
})

it('removes what a lost attempt of the same name has left, and nothing else', async () => {
  const others = [
    'orders_20261120_013000.a2.dump.zst',
    'orders-old_20261120_013000.dump.zst',
    'sessions_20261120_013000.dump',
  ]
  for (const name of ['orders_20261120_013000.dump.zst', 'orders.x_20261120_013000.dump.zst', ...others]) {
    disk.write(FOLDER + name, 'left')
  }

  const item = await capture()

  expect(stored().sort()).toEqual([...others, item.objects[0]?.name].map((name) => `${FOLDER}${name}`).sort())
})

it.each([
  ['orders_20261120_013000.dump.zst', 1, true],
  ['orders_20261120_013000.a2.dump.zst', 1, false],
  ['orders_20261120_013000.a2.dump.zst', 2, true],
  ['orders.db_20261120_013000_20261120_013000.a2.dump', 2, true],
  ['orders-old_20261120_013000.dump.zst', 1, false],
  ['orders_20261120_013001.dump.zst', 1, false],
  ['run.json', 1, false],
])('knows whose %s is (attempt %i: %s)', (name, attempt, expected) => {
  expect(isOfAttempt(name, { ...input, attempt })).toBe(expected)
})

describe('under a hold', () => {
  it('is consistent when every service stood still all the time', async () => {
    expect(await capture(readsOne, { grants: [grant] })).toMatchObject({ isConsistent: true })
  })

  it.each<[string, Partial<ObservedService>]>([
    ['was started', { state: 'running' }],
    ['was started and stopped again', { startedAt: '2026-11-20T01:31:00.000Z' }],
  ])('is not, when one %s meanwhile', async (_, change) => {
    const read: Read = async (source, sink, context) => {
      tools.world.services.set('docker:web', { ...stopped, ...change })
      return readsOne(source, sink, context)
    }

    expect(await capture(read, { grants: [grant] })).toMatchObject({ isConsistent: false })
  })

  it('is not, when one had been started before', async () => {
    tools.world.services.set('docker:web', { ...stopped, state: 'running' })

    expect(await capture(readsOne, { grants: [grant] })).toMatchObject({ isConsistent: false })
  })

  it('is not, when one is not there any more to be observed', async () => {
    tools.world.services.delete('docker:web')

    expect(await capture(readsOne, { grants: [grant] })).toMatchObject({ isConsistent: false })
  })

  it.each<[LeaseGrant['mode'], LeaseGrant['stateBefore'], ObservedService['state'], boolean]>([
    ['stop', 'running', 'stopped', true],
    ['stop', 'running', 'paused', false],
    ['stop', 'paused', 'paused', true],
    ['pause', 'running', 'paused', true],
    ['pause', 'running', 'stopped', true],
    ['pause', 'running', 'running', false],
    ['stop', 'stopped', 'stopped', true],
  ])('a %s of what was %s stands still while it is %s: %s', (mode, stateBefore, state, expected) => {
    expect(isSameStop({ mode, stateBefore, stoppedAt: grant.stoppedAt }, { state })).toBe(expected)
  })
})

it('tells in heartbeats how far it is', async () => {
  const environment = activityEnvironment()
  const told: CaptureProgress[] = []
  environment.on('heartbeat', (details: CaptureProgress) => told.push(details))

  await environment.run(captureBy(readsOne), input)

  expect(told[0]).toEqual({ source: 'orders', plainBytes: 0, storedBytes: 0 })
})

it('ends when it is cancelled, and leaves nothing', async () => {
  const environment = activityEnvironment()
  const endless = (sink: ObjectSink) =>
    sink.store(
      { kind: 'dump' },
      Readable.from(
        (async function* () {
          for (let sent = 0; ; sent++) {
            if (sent === 3) environment.cancel()
            yield bytes
          }
        })(),
      ),
    )

  const captured = environment.run(
    captureBy(async (_source, sink) => {
      await endless(sink)
      throw new Error('never reached')
    }),
    input,
  )

  await expect(captured).rejects.toBeInstanceOf(CancelledFailure)
  expect(stored()).toEqual([])
  expect(readdirSync(join(stateDir, 'scratch'))).toEqual([])
})

it('names so many files that were not captured, and counts all', async () => {
  const notCaptured = Array.from({ length: NOT_CAPTURED_NAMED + 5 }, (_, number) => ({
    path: `/srv/${number}`,
    cause: number === 0 ? ('changed' as const) : ('vanished' as const),
  }))

  const item = await capture(async (source, sink, context) => ({
    ...(await readsOne(source, sink, context)),
    notCaptured,
  }))

  expect(item.notCaptured).toHaveLength(NOT_CAPTURED_NAMED)
  expect(item.notCapturedCounts).toEqual({ changed: 1, vanished: NOT_CAPTURED_NAMED + 4 })
})
