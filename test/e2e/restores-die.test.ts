import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { alarmCauses } from '../../core/hold-alarms.js'
import { workflowIds } from '../../core/ids.js'
import type { RestoreResult } from '../../core/work/restore.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import type { RestoreView } from '../../operations/restore-ends.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { startHeldServices, type HeldServices } from '../support/held-services.js'
import { describeWith } from '../support/needs.js'
import { temporalCommand } from '../support/temporal-command.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// The cases R8 and R18 of docs/guarantees.md. A swap is caught in its middle: `--include` lays thousands of files over the old
// ones, each by renames of its own, and as soon as the first of them is new, something dies.

const FILES = 1500
/** A lost worker is noticed when the heartbeat of its swap is missing for 20 s. */
const NOTICED_MS = 100_000

describeWith(['built', 'temporal', 'docker', 'root'], 'a restore that is interrupted', () => {
  let docker: DockerForTests
  let world: World
  let services: HeldServices
  let backupId: string

  beforeAll(async () => {
    docker = await requireDocker()
    world = await makeWorld({ environment: docker.environment })
    services = await startHeldServices(docker, 'web', world.path('web'))
    await world.configure({ services: services.definitions })
    await mkdir(world.path('data'))
    await writeAll('restored')
    await world.writePlan({
      plan: 'shop',
      hold: { services: services.references, maxDowntime: '2m' },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
    })
    await world.up()
    backupId = (await world.json<BackupRunResult>('backup', 'create', 'shop')).backupId
  })

  afterAll(async () => {
    await services.stop()
    await world.dispose()
    await docker.clean()
  })

  beforeEach(() => writeAll('old'))

  afterEach(async () => {
    expect(await services.areRunning()).toBe(true)
    expect(await world.journal()).toEqual([])
    expect((await world.alarms()).filter((cause) => cause.startsWith(alarmCauses.writeLease('')))).toEqual([])
    expect((await world.holdfast('backup', 'create', 'shop')).code).toBe(0)
  })

  test('R18 its worker killed: not started, an alarm, and `restore resume` finishes it', async () => {
    await caughtInTheMiddle()
    process.kill(await dataWorker(), 'SIGKILL')

    await staysDown(NOTICED_MS)
    const mixed = await contents()
    const result = await world.json<RestoreResult>('restore', 'resume', await newest())

    expect(mixed).toEqual(new Set(['old', 'restored']))
    expect(result).toMatchObject({ backupId, servicesVerdict: 'ok' })
    expect(await contents()).toEqual(new Set(['restored']))
  }, 240_000)

  test('R18 terminated and its worker killed: not started, an alarm, and `restore undo` brings the old data back', async () => {
    const workflowId = await caughtInTheMiddle()
    await temporal('terminate', workflowId)
    process.kill(await dataWorker(), 'SIGKILL')

    await staysDown(30_000)
    const mixed = await contents()
    const result = await world.json<RestoreResult>('restore', 'undo', await newest(), '--yes')

    expect(mixed).toEqual(new Set(['old', 'restored']))
    expect(result).toMatchObject({ backupId, servicesVerdict: 'ok' })
    expect(await contents()).toEqual(new Set(['old']))
    expect((await world.holdfast('restore', 'resume', await newest())).stderr).toContain('was undone')
  }, 240_000)

  test('R18 terminated while its worker goes on: not started, and `restore resume` starts it', async () => {
    const workflowId = await caughtInTheMiddle()
    await temporal('terminate', workflowId)
    process.kill(await dataWorker(), 'SIGCONT')

    await staysDown(30_000)
    const resumed = await world.holdfast('restore', 'resume', await newest())

    expect(resumed).toMatchObject({ code: 0 })
    expect(await contents()).toEqual(new Set(['restored']))
  })

  test('R8 its guards cancelled: the restore goes on, but nothing is started until it is resumed', async () => {
    const workflowId = await caughtInTheMiddle()
    for (const service of services.references) await temporal('cancel', workflowIds.guard('test', service))
    process.kill(await dataWorker(), 'SIGCONT')

    await staysDown(30_000)
    await until('the restore has ended', async () => (await outcomeOf(workflowId)) !== undefined, 30_000)
    const resumed = await world.holdfast('restore', 'resume', await newest())

    expect(await outcomeOf(workflowId)).toBe('not-good')
    expect(resumed).toMatchObject({ code: 0 })
    expect(await contents()).toEqual(new Set(['restored']))
  })

  test('a complete restore is undone as well, once', async () => {
    await world.holdfast('backup', 'restore', backupId, '--yes')
    const [restore] = await world.json<RestoreView[]>('restore', 'list')
    await writeFile(world.path('data', 'since'), 'written since')

    const undone = await world.holdfast('restore', 'undo', restore!.restoreId, '--yes')
    const again = await world.holdfast('restore', 'undo', restore!.restoreId, '--yes')
    const resumed = await world.holdfast('restore', 'resume', restore!.restoreId)

    expect(undone).toMatchObject({ code: 0 })
    expect(await contents()).toEqual(new Set(['old']))
    expect(again).toMatchObject({ code: 2 })
    expect(again.stderr).toContain('undone already')
    expect(resumed.code).toBe(2)
  })

  const fileAt = (index: number) => world.path('data', `file-${index}`)

  async function writeAll(text: string): Promise<void> {
    await rm(world.path('data'), { recursive: true, force: true })
    await mkdir(world.path('data'))
    await Promise.all(Array.from({ length: FILES }, (_, index) => writeFile(fileAt(index), text)))
  }

  async function contents(): Promise<Set<string>> {
    const names = await readdir(world.path('data'))
    return new Set(await Promise.all(names.map((name) => readFile(world.path('data', name), 'utf8'))))
  }

  const dataWorker = async (): Promise<number> => (await world.children())['data']!

  /** Begins a restore, and stops the data worker as soon as some of the files are new; its run. */
  async function caughtInTheMiddle(): Promise<string> {
    const worker = await dataWorker()
    const before = new Set(await safetyFolders())
    void world.holdfast('backup', 'restore', backupId, '--include', '**', '--yes')
    const folder = await until('the first files are new', async () => {
      const [added] = (await safetyFolders()).filter((name) => !before.has(name))
      return added !== undefined && (await readdir(world.path(added))).length > 1 ? added : undefined
    })
    process.kill(worker, 'SIGSTOP')
    return `restore/${backupId}/${folder.slice(folder.lastIndexOf('-') + 1)}`
  }

  const safetyFolders = async () =>
    (await readdir(world.folder)).filter((name) => name.startsWith('data.holdfast-before'))

  const newest = async (): Promise<string> =>
    (await world.json<RestoreView[]>('restore', 'list'))[0]!.restoreId

  const outcomeOf = async (workflowId: string): Promise<string | undefined> =>
    (await world.json<{ outcome?: string }>('run', 'show', workflowId)).outcome

  async function staysDown(withinMs: number): Promise<void> {
    const causes = services.references.map((service) => alarmCauses.writeLease(service))
    await until(
      'the alarms',
      async () => {
        const open = await world.alarms()
        return causes.every((cause) => open.includes(cause))
      },
      withinMs,
    )
    const status = await world.holdfast('status')
    expect(status.code).toBe(1)
    expect(status.stdout).toContain('holdfast restore resume')
    expect(await services.areDown()).toBe(true)
    expect((await world.journal()).toSorted()).toEqual([...services.references].toSorted())
    // A backup neither starts it nor reads what is half restored.
    expect((await world.holdfast('backup', 'create', 'shop')).code).not.toBe(0)
    expect(await services.areDown()).toBe(true)
  }

  const temporal = (verb: 'cancel' | 'terminate', workflowId: string) =>
    temporalCommand(world.stateDir, ['workflow', verb, '--workflow-id', workflowId])
})
