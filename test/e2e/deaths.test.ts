import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { BackupSummary } from '../../core/backup.js'
import { describeWith } from '../support/needs.js'
import { makeProcessService, type ProcessService } from '../support/process-service.js'
import { temporalCommand } from '../support/temporal-command.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// The cases R2 to R5, R8 (under read leases), R9, R14 and R15 of docs/guarantees.md; R1 is in bad-weather.test.ts. A capture is made to hang by its tar.

const MAX_DOWNTIME_MS = 8000
/** Longer than a lost worker's heartbeat is waited for, and long enough for a whole capture on a busy machine. */
const WHOLE_CAPTURE_MS = 20_000

describeWith(['built', 'temporal'], 'a service that we stopped comes back', () => {
  let world: World
  let service: ProcessService

  beforeAll(async () => {
    world = await makeWorld()
    service = await makeProcessService(world.path('web'))
    await service.start()
    await world.configure({ services: { web: service.definition }, limits: { parallelCaptures: 2 } })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    await writeFile(world.path('small'), 'content')
    await world.writePlan(heldPlan('slow', world.path('data')))
    await world.writePlan(
      heldPlan('again', world.path('data'), {
        hold: { services: ['command:web'], maxDowntime: `${WHOLE_CAPTURE_MS}ms` },
      }),
    )
    await world.writePlan(
      heldPlan('patient', world.path('data'), {
        hold: { services: ['command:web'], maxDowntime: '2m' },
        retry: { attempts: 1 },
      }),
    )
    await world.writePlan(heldPlan('quick', world.path('small')))
    await world.writePlan(
      heldPlan('joining', world.path('small'), { hold: { services: ['command:web'], maxDowntime: '2m' } }),
    )
    await world.up()
  })

  afterAll(async () => {
    await service.stop()
    await world.dispose()
  })

  afterEach(async () => {
    world.tar.goOn()
    await until('the journal is empty', async () => (await world.journal()).length === 0, 90_000)
    expect(await service.isRunning()).toBe(true)
    expect((await world.holdfast('backup', 'create', 'quick')).code).toBe(0)
  })

  test('R2 when the run is cancelled, within 5 s', async () => {
    const run = await startedAndHanging('patient')

    await world.holdfast('run', 'cancel', run.workflowId, '--yes')

    await until('the service is back', () => service.isRunning(), 5000)
    expect(await world.outcomeOf(run.workflowId)).toBe('cancelled')
    expect(await backupsOf('patient')).toEqual([])
  })

  test('R3 when the run is terminated, within 15 s', async () => {
    const run = await startedAndHanging('patient')

    await temporalCommand(world.stateDir, ['workflow', 'terminate', '--workflow-id', run.workflowId])

    await until('the service is back', () => service.isRunning(), 15_000)
    world.tar.goOn()
    expect(await backupsOf('patient')).toEqual([])
  })

  test('R4 when the data worker is killed: the service at the deadline, the run by a second attempt', async () => {
    const run = await startedAndHanging('again')

    process.kill((await world.children())['data']!, 'SIGKILL')

    await until('the service is back', () => service.isRunning(), WHOLE_CAPTURE_MS + 15_000)
    expect(await world.outcomeOf(run.workflowId)).toBe('good')
    const [newest] = (await backupsOf('again')).reverse()
    const names = await readdir(world.path('backups', 'plans', 'again', newest!.id))
    expect(names.filter((name) => name.includes('.a2.'))).not.toEqual([])
    expect((await world.holdfast('backup', 'verify', newest!.id)).code).toBe(0)
  }, 180_000)

  test('R5 when the control worker is killed during the hold, and the run goes on', async () => {
    const run = await startedAndHanging('patient')

    process.kill((await world.children())['control']!, 'SIGKILL')
    world.tar.goOn()

    await until('the service is back', () => service.isRunning(), 60_000)
    expect(await world.outcomeOf(run.workflowId)).toBe('good')
  }, 120_000)

  test('R8 when its guard is cancelled, within 5 s', async () => {
    const run = await startedAndHanging('patient')

    await temporalCommand(world.stateDir, ['workflow', 'cancel', '--workflow-id', 'guard/test/command:web'])

    await until('the service is back', () => service.isRunning(), 5000)
    world.tar.goOn()
    expect(await world.outcomeOf(run.workflowId)).toBe('not-good')
    expect(await backupsOf('patient')).toContainEqual(expect.objectContaining({ data: 'inconsistent' }))
  })

  test('R9 when the deadline passes, and the backup says inconsistent', async () => {
    const run = await startedAndHanging('slow')

    await until('the service is back', () => service.isRunning(), MAX_DOWNTIME_MS + 5000)
    world.tar.goOn()

    expect(await world.outcomeOf(run.workflowId)).toBe('not-good')
    expect(await backupsOf('slow')).toMatchObject([{ data: 'inconsistent', isGood: false }])
    const status = await world.holdfast('status')
    expect(status.code).toBe(1)
    expect(status.stdout).toContain('inconsistent')
  })

  test('R14 when two plans hold it together: one stop, and one start after the last release', async () => {
    const before = await service.history()
    const run = await startedAndHanging('patient')

    const joining = await world.holdfast('backup', 'create', 'joining')
    const during = await service.history()
    world.tar.goOn()

    expect(joining.code).toBe(0)
    expect(during).toEqual([...before, 'stop'])
    expect(await world.outcomeOf(run.workflowId)).toBe('good')
    expect(await service.history()).toEqual([...during, 'start'])
  })

  test('R15 when it was stopped before we came it stays stopped', async () => {
    await service.stop()
    const before = await service.history()

    const { code } = await world.holdfast('backup', 'create', 'quick')

    expect(code).toBe(0)
    expect(await service.history()).toEqual(before)
    expect(await service.isRunning()).toBe(false)
    await service.start()
  })

  const backupsOf = (plan: string) => world.json<BackupSummary[]>('backup', 'list', '--plan', plan)

  const heldPlan = (plan: string, path: string, changes: object = {}) => ({
    plan,
    hold: { services: ['command:web'], maxDowntime: `${MAX_DOWNTIME_MS}ms` },
    sources: { data: { type: 'files', paths: [path] } },
    ...changes,
  })

  /** The service is down, and stays so until the tar goes on. */
  async function startedAndHanging(plan: string): Promise<{ workflowId: string }> {
    const run = await world.startHanging(plan)
    expect(await service.isRunning()).toBe(false)
    return run
  }
})
