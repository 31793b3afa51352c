import { execa } from 'execa'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import type { BackupSummary } from '../../core/backup.js'
import type { ListedBackup } from '../../core/copies.js'
import type { BackupRunResult, ReplicateRunResult } from '../../core/work/runs.js'
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
    await world.configure({
      services: { web: service.definition },
      destinations: {
        disk: { type: 'local', path: world.path('backups') },
        offsite: { type: 'local', path: world.path('offsite') },
      },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    const data = { type: 'files', paths: [world.path('data')] }
    const hold = { services: ['command:web'], maxDowntime: '30s' }
    // A test makes its data much smaller.
    await world.writePlan({ plan: 'well', hold, sources: { data }, plausibility: 'off' })
    await world.writePlan({
      ...{ plan: 'copied', hold, sources: { data }, plausibility: 'off' },
      destinations: ['disk', 'offsite'],
      retention: { keepLast: 7, destinations: { offsite: { keepLast: 30 } } },
    })
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

  test('copies that cannot be made make the run partial, and `backup replicate` makes them when the place is back', async () => {
    const first = await world.json<BackupRunResult>('backup', 'create', 'copied')
    await rename(world.path('offsite'), world.path('unmounted'))
    await mkdir(world.path('offsite'))

    const created = await world.holdfast('backup', 'create', 'copied', '--json')
    const partial = JSON.parse(created.stdout) as BackupRunResult
    const during = await world.holdfast('status')
    await rm(world.path('offsite'), { recursive: true })
    await rename(world.path('unmounted'), world.path('offsite'))
    const replicated = await world.json<ReplicateRunResult>('backup', 'replicate', 'copied')

    expect(first).toMatchObject({ outcome: 'good', copies: 'complete' })
    expect(created.code).toBe(9)
    expect(partial).toMatchObject({ outcome: 'partial', data: 'complete', services: 'ok', copies: 'partial' })
    expect(partial.warnings?.[0]).toContain('There may be no copy at "offsite"')
    expect(during.stdout).toContain('Copies of copied are missing at "offsite"')
    expect(replicated).toMatchObject({ outcome: 'good', copies: [{ copied: [partial.backupId] }] })
    expect((await world.holdfast('status')).stdout).not.toContain('Copies of copied')
    const listed = await world.json<ListedBackup[]>('backup', 'list', '--plan', 'copied')
    expect(listed.map(({ id, copies }) => [id, copies.map(({ destination }) => destination)])).toEqual([
      [first.backupId, ['disk', 'offsite']],
      [partial.backupId, ['disk', 'offsite']],
    ])
  })

  test('while the first destination is away, its backups are listed and restored from their copies, and that is said', async () => {
    const { backupId } = await world.json<BackupRunResult>('backup', 'create', 'copied')
    await rename(world.path('backups'), world.path('unmounted'))
    await mkdir(world.path('backups'))

    const list = await world.holdfast('backup', 'list', '--plan', 'copied')
    const restored = await world.holdfast('backup', 'restore', backupId, '--yes')
    const chosen = await world.holdfast('backup', 'restore', backupId, '--destination', 'disk', '--yes')
    await rm(world.path('backups'), { recursive: true })
    await rename(world.path('unmounted'), world.path('backups'))

    expect(list.stdout).toContain(backupId)
    expect(list.stderr).toContain('has lost its marker')
    expect({ code: restored.code, stderr: restored.stderr }).toMatchObject({ code: 0 })
    expect(restored.stderr).toContain('It is read from "offsite"')
    expect(chosen.code).toBe(3)
  })

  test('what is said of a backup, and its deletion, reach all its copies, or the one that is named', async () => {
    const { backupId } = await world.json<BackupRunResult>('backup', 'create', 'copied')
    const placesOf = async (...flags: string[]) =>
      (await world.json<ListedBackup[]>('backup', 'list', '--plan', 'copied', ...flags))
        .filter(({ id }) => id === backupId)
        .flatMap(({ copies }) => copies)

    await world.json('backup', 'pin', backupId)
    const pinned = await placesOf()
    await world.json('backup', 'unpin', backupId)
    await world.json('backup', 'delete', backupId, '--destination', 'offsite', '--yes')
    const one = await placesOf()
    await world.json('backup', 'delete', backupId, '--yes')
    const none = await placesOf()
    const deleted = await placesOf('--deleted')
    await world.json('backup', 'undelete', backupId)

    expect(pinned.map(({ marks }) => marks.pin !== undefined)).toEqual([true, true])
    expect(one.map(({ destination }) => destination)).toEqual(['disk'])
    expect(none).toEqual([])
    expect(deleted).toHaveLength(2)
    expect(await placesOf()).toHaveLength(2)
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
