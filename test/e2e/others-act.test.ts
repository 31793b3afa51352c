import { mkdir, rename, writeFile } from 'node:fs/promises'
import { alarmCauses } from '../../core/hold-alarms.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { containerService, type ContainerService } from '../support/container-service.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { describeWith } from '../support/needs.js'
import { makeProcessService, type ProcessService } from '../support/process-service.js'
import { testsTogether } from '../support/together.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// The cases R12 and R16 of docs/guarantees.md, and what else somebody may do to a service while it is held. Every case has a
// plan and services of its own, and a capture that hangs.

const CASES = 6
/** Beyond the minute after which a start that does not work is told of. */
const CASE_LIMIT_MS = 420_000

describeWith(['built', 'temporal', 'docker', 'root'], 'somebody else acts while a service is held', () => {
  let docker: DockerForTests
  let world: World
  let commands: Record<'started' | 'failing', ProcessService>

  beforeAll(async () => {
    docker = await requireDocker()
    world = await makeWorld({ environment: { ...docker.environment } })
    for (const folder of ['data', 'needed']) await mkdir(world.path(folder))
    await writeFile(world.path('data', 'file'), 'content')
    commands = {
      started: await makeProcessService(world.path('started')),
      failing: await makeProcessService(world.path('failing')),
    }
    for (const service of Object.values(commands)) await service.start()
    const { definition } = commands.failing
    const onlyWithFolder = ['sh', '-c', 'test -d "$0" && exec "$@"', world.path('needed')]
    await world.configure({
      services: {
        started: commands.started.definition,
        failing: { ...definition, start: [...onlyWithFolder, ...definition.start] },
      },
      // The plans are added while it runs.
      allow: { services: ['docker:*', 'command:*'], paths: [world.folder] },
      limits: { parallelCaptures: CASES },
    })
    await world.up()
  })

  afterAll(async () => {
    world.tar.goOn()
    for (const service of Object.values(commands)) await service.stop()
    await world.dispose()
    await docker.clean()
  })

  testsTogether(
    {
      'R12 starts of a container and of a command fail for a while: tried until they work, alarms meanwhile':
        async () => {
          const Mounts = [{ Type: 'bind' as const, Source: world.path('needed'), Target: '/needed' }]
          const web = await running({ Mounts })
          const references = [web.reference, 'command:failing']
          const run = await startedAndHanging('failing', references)
          await rename(world.path('needed'), world.path('taken-away'))
          run.resume()
          for (const reference of references)
            await until(`${reference} is alarmed`, () => hasAlarm(reference), 150_000)

          await rename(world.path('taken-away'), world.path('needed'))

          await until('the container runs', web.isRunning, 60_000)
          await until('the command runs', () => commands.failing.isRunning(), 60_000)
          for (const reference of references)
            await until(`${reference} is no alarm`, async () => !(await hasAlarm(reference)), 60_000)
        },

      'R16 a container is recreated: the new one is started, by its name': async () => {
        const web = await running()
        const run = await startedAndHanging('recreated', [web.reference])
        await web.container().remove({ force: true })
        const { id } = await web.create()

        run.resume()

        expect(await run.result()).toMatchObject({ outcome: 'good' })
        expect(await web.container().inspect()).toMatchObject({ Id: id, State: { Running: true } })
      },

      'R16 a container is removed: an alarm, and whatever bears its name later is started': async () => {
        const web = await running()
        const run = await startedAndHanging('removed', [web.reference])
        await web.container().remove({ force: true })
        run.resume()
        await until('an alarm is open', () => hasAlarm(web.reference), 120_000)

        await web.create()

        await until('the new one runs', web.isRunning, 60_000)
        expect(await run.result()).toMatchObject({ outcome: 'not-good' })
        await until('the alarm is closed', async () => !(await hasAlarm(web.reference)))
      },

      'a container is started: what was read is inconsistent, and it is not started twice': async () => {
        const web = await running()
        const run = await startedAndHanging('started', [web.reference])
        await web.container().start()
        const startedAt = await web.startedAt()

        run.resume()

        expect(await run.result()).toMatchObject({ outcome: 'not-good', data: 'inconsistent' })
        expect(await web.startedAt()).toBe(startedAt)
      },

      'a command is started: what was read is inconsistent, and it runs at the end': async () => {
        const run = await startedAndHanging('command', ['command:started'])
        await commands.started.start()

        run.resume()

        expect(await run.result()).toMatchObject({ outcome: 'not-good', data: 'inconsistent' })
        expect(await commands.started.isRunning()).toBe(true)
      },

      'a container is started and stopped again: what was read is inconsistent, and it is started at the end':
        async () => {
          const web = await running()
          const run = await startedAndHanging('again', [web.reference])
          await web.container().start()
          await web.container().stop({ t: 5 })

          run.resume()

          expect(await run.result()).toMatchObject({ outcome: 'not-good', data: 'inconsistent' })
          expect(await web.isRunning()).toBe(true)
        },
    },
    CASE_LIMIT_MS,
  )

  async function running(host: Parameters<typeof containerService>[1] = {}): Promise<ContainerService> {
    const web = containerService(docker, { NetworkMode: 'none', RestartPolicy: { Name: 'always' }, ...host })
    await (await web.create()).start()
    return web
  }

  async function startedAndHanging(plan: string, services: readonly string[]) {
    await world.writePlan({
      plan,
      hold: { services, maxDowntime: '10m', healthy: { within: '2s' } },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
      retry: { attempts: 1 },
    })
    const { workflowId, tar } = await world.startHanging(plan)
    return {
      resume: () => tar.goOn(),
      result: () => until(`${workflowId} has ended`, () => resultOf(workflowId), CASE_LIMIT_MS),
    }
  }

  /** Undefined while it runs, should a busy machine take longer than a command may. */
  async function resultOf(workflowId: string): Promise<BackupRunResult | undefined> {
    const { stdout } = await world.holdfast('run', 'watch', workflowId, '--json')
    const said = JSON.parse(stdout === '' ? '{}' : stdout) as Partial<BackupRunResult>
    return said.outcome === undefined ? undefined : (said as BackupRunResult)
  }

  const hasAlarm = async (reference: string): Promise<boolean> =>
    (await world.alarms()).includes(alarmCauses.notRestarted(reference))
})
