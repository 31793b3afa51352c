import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { BackupSummary } from '../../core/backup.js'
import { workflowIds } from '../../core/ids.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { startHeldServices, type HeldServices } from '../support/held-services.js'
import { describeWith } from '../support/needs.js'
import { temporalCommand } from '../support/temporal-command.js'
import { testsTogether } from '../support/together.js'
import { until } from '../support/until.js'
import { makeWorld, type HangingRun, type World } from './world.js'

// The cases R1 to R5, R8 (under read leases), R9, R14 and R15 of docs/guarantees.md. Each has a plan, a process and a container
// of its own, and a capture that hangs.

const MAX_DOWNTIME_MS = 12_000
/** Longer than a lost worker's heartbeat is waited for, and long enough for a whole capture on a busy machine. */
const WHOLE_CAPTURE_MS = 20_000
const NAMES = ['r1', 'r2', 'r3', 'r4', 'r5', 'r8', 'r9', 'r14', 'r15'] as const

type Name = (typeof NAMES)[number]

describeWith(['built', 'temporal', 'docker', 'root'], 'services that we stopped come back', () => {
  let docker: DockerForTests
  let world: World
  let all: Readonly<Record<Name, HeldServices>>

  beforeAll(async () => {
    docker = await requireDocker()
    world = await makeWorld({ environment: docker.environment })
    const started = NAMES.map(async (name) => [
      name,
      await startHeldServices(docker, name, world.path('services', name)),
    ])
    all = Object.fromEntries(await Promise.all(started)) as Record<Name, HeldServices>
    await world.configure({
      services: Object.assign({}, ...Object.values(all).map(({ definitions }) => definitions)) as object,
      limits: { parallelCaptures: NAMES.length + 1 },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    for (const name of NAMES) await world.writePlan(heldPlan(name, name, '2m'))
    await world.writePlan(heldPlan('r4', 'r4', `${WHOLE_CAPTURE_MS}ms`, 2))
    await world.writePlan(heldPlan('r9', 'r9', `${MAX_DOWNTIME_MS}ms`))
    await world.writePlan(heldPlan('joining', 'r14', '2m'))
    await world.up()
  })

  afterAll(async () => {
    world.tar.goOn()
    await Promise.all(Object.values(all).map((services) => services.stop()))
    await world.dispose()
    await docker.clean()
  })

  testsTogether(
    {
      'R1 when the capture fails, within 5 s': async () => {
        const run = await startedAndHanging('r1')

        run.tar.kill()

        await areBack('r1', 5000)
        expect(await world.outcomeOf(run.workflowId)).toBe('failed')
        expect(await backupsOf('r1')).toEqual([])
      },

      'R2 when the run is cancelled, within 5 s': async () => {
        const run = await startedAndHanging('r2')

        await world.holdfast('run', 'cancel', run.workflowId, '--yes')

        await areBack('r2', 5000)
        expect(await world.outcomeOf(run.workflowId)).toBe('cancelled')
        expect(await backupsOf('r2')).toEqual([])
      },

      'R3 when the run is terminated, within 15 s': async () => {
        const run = await startedAndHanging('r3')

        await temporal('terminate', run.workflowId)

        await areBack('r3', 15_000)
        run.tar.goOn()
        expect(await backupsOf('r3')).toEqual([])
      },

      'R8 when their guards are cancelled, within 5 s': async () => {
        const run = await startedAndHanging('r8')

        for (const service of all.r8.references) await temporal('cancel', workflowIds.guard('test', service))

        await areBack('r8', 5000)
        run.tar.goOn()
        expect(await world.outcomeOf(run.workflowId)).toBe('not-good')
        expect(await backupsOf('r8')).toMatchObject([{ data: 'inconsistent' }])
      },

      'R9 when the deadline passes, and the backup says inconsistent': async () => {
        const run = await startedAndHanging('r9')

        await areBack('r9', MAX_DOWNTIME_MS + 5000)
        run.tar.goOn()

        expect(await world.outcomeOf(run.workflowId)).toBe('not-good')
        expect(await backupsOf('r9')).toMatchObject([{ data: 'inconsistent', isGood: false }])
        const status = await world.holdfast('status')
        expect(status.code).toBe(1)
        expect(status.stdout).toContain('inconsistent')
      },
    },
    180_000,
  )

  test('R4 when the data worker is killed: the services at the deadline, the run by a second attempt', async () => {
    const run = await startedAndHanging('r4')

    process.kill((await world.children())['data']!, 'SIGKILL')

    await areBack('r4', WHOLE_CAPTURE_MS + 15_000)
    expect(await world.outcomeOf(run.workflowId)).toBe('good')
    const [backup] = await backupsOf('r4')
    const names = await readdir(world.path('backups', 'plans', 'r4', backup!.id))
    expect(names.filter((name) => name.includes('.a2.'))).not.toEqual([])
    expect((await world.holdfast('backup', 'verify', backup!.id)).code).toBe(0)
  })

  test('R5 when the control worker is killed during the hold, and the run goes on', async () => {
    const run = await startedAndHanging('r5')

    process.kill((await world.children())['control']!, 'SIGKILL')
    run.tar.goOn()

    await areBack('r5', 60_000)
    expect(await world.outcomeOf(run.workflowId)).toBe('good')
  })

  test('R14 when two plans hold them together: one stop, and one start after the last release', async () => {
    const before = await all.r14.starts()
    const run = await startedAndHanging('r14')

    const joining = await world.holdfast('backup', 'create', 'joining')
    const areStillDown = await all.r14.areDown()
    run.tar.goOn()

    expect(joining.code).toBe(0)
    expect(areStillDown).toBe(true)
    expect(await world.outcomeOf(run.workflowId)).toBe('good')
    expect(await all.r14.areRunning()).toBe(true)
    expect(await all.r14.starts()).toEqual(before.map((starts) => starts + 1))
  })

  test('R15 when they were stopped before we came they stay stopped', async () => {
    await all.r15.stop()
    const before = await all.r15.starts()

    const { code } = await world.holdfast('backup', 'create', 'r15')

    expect(code).toBe(0)
    expect(await all.r15.starts()).toEqual(before)
    expect(await all.r15.areDown()).toBe(true)
    await all.r15.start()
  })

  test('afterwards nothing is owed, and the next runs are good', async () => {
    await until('the journal is empty', async () => (await world.journal()).length === 0, 90_000)
    for (const name of NAMES)
      expect(await world.holdfast('backup', 'create', name)).toMatchObject({ code: 0 })
    for (const services of Object.values(all)) expect(await services.areRunning()).toBe(true)
  }, 240_000)

  const backupsOf = (plan: string) => world.json<BackupSummary[]>('backup', 'list', '--plan', plan)

  const heldPlan = (plan: string, name: Name, maxDowntime: string, attempts = 1) => ({
    plan,
    hold: { services: all[name].references, maxDowntime },
    sources: { data: { type: 'files', paths: [world.path('data')] } },
    retry: { attempts },
  })

  /** Its services are down, and stay so until the tar goes on. */
  async function startedAndHanging(name: Name): Promise<HangingRun> {
    const run = await world.startHanging(name)
    expect(await all[name].areDown()).toBe(true)
    return run
  }

  const areBack = (name: Name, limitMs: number) =>
    until(`the services of ${name} are back`, () => all[name].areRunning(), limitMs)

  const temporal = (verb: 'cancel' | 'terminate', workflowId: string) =>
    temporalCommand(world.stateDir, ['workflow', verb, '--workflow-id', workflowId])
})
