import { execa } from 'execa'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import type { BackupSummary } from '../../core/backup.js'
import type { BackupRunResult } from '../../core/work.js'
import { describeWith } from '../support/needs.js'
import { makeProcessService, type ProcessService } from '../support/process-service.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

const LARGE_BYTES = 32 * 2 ** 20

describe('without a configuration nothing runs', () => {
  test('a missing configuration says where it was looked for', async () => {
    const world = await makeWorld()
    await rm(world.path('holdfast.yaml'))

    const { code, stderr } = await world.holdfast('backup', 'list')

    expect(code).toBe(3)
    expect(stderr).toContain('holdfast.yaml')
    expect(stderr).toContain(world.folder)
    await rm(world.folder, { recursive: true })
  })

  test('an invalid configuration is refused with the line of the mistake', async () => {
    const world = await makeWorld()
    await writeFile(
      world.path('holdfast.yaml'),
      'version: 1\ndestinatons:\n  disk: { type: local, path: /tmp/x }\n',
      { mode: 0o600 },
    )

    const { code, stderr } = await world.holdfast('backup', 'create', 'shop')

    expect(code).toBe(2)
    expect(stderr).toContain('holdfast.yaml:2:1')
    expect(stderr).toContain('Did you mean "destinations"?')
    await rm(world.folder, { recursive: true })
  })

  test('a configuration that others can write is refused with the command to mend it', async () => {
    const world = await makeWorld()
    await chmod(world.path('holdfast.yaml'), 0o666)

    const { code, stderr } = await world.holdfast('plan', 'list')

    expect(code).toBe(4)
    expect(stderr).toContain('chmod')
    await rm(world.folder, { recursive: true })
  })

  test('an unreachable Temporal says how to start one', async () => {
    const world = await makeWorld()
    await world.writePlan({
      plan: 'shop',
      sources: { data: { type: 'files', paths: [world.path('plans')] } },
    })

    const { code, stderr } = await world.holdfast('backup', 'create', 'shop')

    expect(code).toBe(6)
    expect(stderr).toContain('holdfast up')
    await rm(world.folder, { recursive: true })
  })
})

describeWith(['built', 'temporal'], 'bad weather', () => {
  let world: World
  let service: ProcessService

  beforeAll(async () => {
    world = await makeWorld({ environment: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } })
    service = await makeProcessService(world.path('web'))
    await service.start()
    await world.configure({ services: { web: service.definition } })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    const data = { type: 'files', paths: [world.path('data')] }
    const hold = { services: ['command:web'], maxDowntime: '30s' }
    // A test makes its data much smaller.
    await world.writePlan({ plan: 'well', hold, sources: { data }, plausibility: 'off' })
    await world.writePlan({ plan: 'no-docker', hold: { services: ['docker:web'] }, sources: { data } })
    await world.writePlan({
      plan: 'no-path',
      hold,
      sources: { data: { type: 'files', paths: [world.path('nowhere')] } },
    })
    await world.writePlan({
      plan: 'no-server',
      hold,
      sources: {
        orders: { type: 'postgres', connection: { host: '127.0.0.1', port: 1 }, database: 'orders' },
      },
    })
    await world.up()
  })

  afterAll(async () => {
    await service.stop()
    await world.dispose()
  })

  test.each([
    ['an unknown plan', 'wel', 3, 'Did you mean "well"?'],
    ['a Docker daemon that is not there', 'no-docker', 6, 'docker'],
    ['a path that is missing', 'no-path', 3, 'nowhere'],
    ['a database server that is down', 'no-server', 6, '127.0.0.1'],
  ])('%s fails before anything stops, and says so', async (_, plan, code, words) => {
    const before = await service.history()

    const result = await world.holdfast('backup', 'create', plan)

    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code })
    expect(result.stderr).toContain(words)
    expect(await service.history()).toEqual(before)
    expect(await readdir(world.path('backups', 'plans')).catch(() => [])).not.toContain(plan)
  })

  test('a failed run raises an alarm that status shows, and the next good run resolves it', async () => {
    await world.holdfast('backup', 'create', 'no-path')
    expect((await world.holdfast('status')).stdout).toContain('no-path')
    await mkdir(world.path('nowhere'))
    await world.holdfast('backup', 'create', 'no-path')

    const status = await world.holdfast('status')

    expect(status.stdout).not.toContain('run-failed/no-path')
    await rm(world.path('nowhere'), { recursive: true })
  })

  test('a manifest that is damaged is named, and hides no other backup', async () => {
    const damaged = await world.json<BackupRunResult>('backup', 'create', 'well')
    const whole = await world.json<BackupRunResult>('backup', 'create', 'well')
    const file = world.path('backups', 'plans', 'well', damaged.backupId, 'manifest.json')
    await writeFile(file, '{"format":"holdfast.manifest/1","id":')

    const list = await world.holdfast('backup', 'list', '--plan', 'well')
    const restore = await world.holdfast('backup', 'restore', damaged.backupId, '--yes')

    expect(list.stdout).toContain(whole.backupId)
    expect(list.stdout + list.stderr).toContain(damaged.backupId)
    expect(restore.code).toBe(8)
  })

  test('the same plan started twice: the second waits, says for whom, and both succeed', async () => {
    await writeFile(world.path('data', 'large'), Buffer.alloc(LARGE_BYTES, 'holdfast '))
    const first = world.holdfast('backup', 'create', 'well')
    const second = world.holdfast('backup', 'create', 'well')

    const results = await Promise.all([first, second])

    expect(results.map(({ code }) => code)).toEqual([0, 0])
    await rm(world.path('data', 'large'))
  })

  test('a destination that lost its marker is refused, not filled a second time', async () => {
    await world.json('backup', 'create', 'well')
    await rename(world.path('backups'), world.path('unmounted'))
    await mkdir(world.path('backups'))

    const { code, stderr } = await world.holdfast('backup', 'create', 'well')

    expect(code).toBe(3)
    expect(stderr).toContain('mounted')
    expect(await readdir(world.path('backups'))).toEqual([])
    await rm(world.path('backups'), { recursive: true })
    await rename(world.path('unmounted'), world.path('backups'))
  })

  test('plans that changed are seen by the workers without a restart', async () => {
    await world.writePlan({
      plan: 'later',
      sources: { data: { type: 'files', paths: [world.path('data')] } },
    })

    const { code } = await world.holdfast('backup', 'create', 'later')

    expect(code).toBe(0)
  })
})

describeWith(['built', 'temporal', 'root'], 'a destination that is full or read-only', () => {
  let world: World
  let service: ProcessService

  beforeAll(async () => {
    world = await makeWorld()
    service = await makeProcessService(world.path('web'))
    await service.start()
    await mkdir(world.path('small'))
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', world.path('small')])
    await world.configure({
      services: { web: service.definition },
      destinations: { small: { type: 'local', path: world.path('small') } },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    await world.writePlan({
      plan: 'shop',
      hold: { services: ['command:web'], maxDowntime: '30s' },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
      compression: { algorithm: 'none' },
      destinations: ['small'],
    })
    await world.up()
  })

  afterAll(async () => {
    await service.stop()
    await execa('umount', [world.path('small')])
    await world.dispose()
  })

  test('R1 full: the run fails, the service comes back within 5 s, nothing half-written stays, nothing good is gone', async () => {
    const good = await world.json<BackupRunResult>('backup', 'create', 'shop')
    await writeFile(world.path('data', 'large'), Buffer.alloc(LARGE_BYTES, 1))

    const { code, stderr } = await world.holdfast('backup', 'create', 'shop')

    await until('the service is back', () => service.isRunning(), 5000)
    expect(code).toBe(7)
    expect(stderr).toContain('small')
    expect((await world.json<BackupSummary[]>('backup', 'list')).map(({ id }) => id)).toEqual([good.backupId])
    expect(await readdir(world.path('small', 'plans', 'shop'))).toEqual([good.backupId])
    await rm(world.path('data', 'large'))
  })

  test('read-only: refused before anything stops', async () => {
    await execa('mount', ['-o', 'remount,ro', world.path('small')])
    const before = await service.history()

    const { code, stderr } = await world.holdfast('backup', 'create', 'shop')

    expect(code).toBe(4)
    expect(stderr).toContain('small')
    expect(await service.history()).toEqual(before)
    await execa('mount', ['-o', 'remount,rw', world.path('small')])
  })
})
