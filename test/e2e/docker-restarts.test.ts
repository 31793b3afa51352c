import { mkdir, writeFile } from 'node:fs/promises'
import type { BackupRunResult } from '../../core/work/runs.js'
import { containerService, type ContainerService } from '../support/container-service.js'
import { startDockerOfItsOwn, type DockerOfItsOwn } from '../support/docker.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// What holdfast stopped, a daemon that starts again starts where the restart policy is `always`; what is `unless-stopped` stays
// down. (Docker's manual, "Start containers automatically".)

describeWith(
  ['built', 'temporal', 'docker', 'root'],
  'the Docker daemon restarts while services are held',
  () => {
    let docker: DockerOfItsOwn
    let world: World

    beforeAll(async () => {
      docker = await startDockerOfItsOwn()
      world = await makeWorld({ environment: { ...docker.environment } })
      await mkdir(world.path('data'))
      await writeFile(world.path('data', 'file'), 'content')
      await world.configure({ allow: { services: ['docker:*'], paths: [world.folder] } })
      await world.up()
    })

    afterAll(async () => {
      await world.dispose()
      await docker.stop()
    })

    afterEach(async () => {
      expect(await world.journal()).toEqual([])
    })

    test('what it started is noticed: the data is inconsistent, and all that was held runs at the end', async () => {
      const always = await running('always')
      const unlessStopped = await running('unless-stopped')
      const run = await startedAndHanging('restarted', [always, unlessStopped])

      await docker.restart()

      expect(await always.isRunning()).toBe(true)
      expect(await unlessStopped.isRunning()).toBe(false)
      run.tar.goOn()
      expect(await resultOf(run)).toMatchObject({ outcome: 'not-good', data: 'inconsistent', services: 'ok' })
      expect(await always.isRunning()).toBe(true)
      expect(await unlessStopped.isRunning()).toBe(true)
    })

    test('what it left down is read to the end, started, and a good backup', async () => {
      const web = await running('unless-stopped')
      const starts = await web.starts()
      const run = await startedAndHanging('left-down', [web])

      await docker.restart()
      run.tar.goOn()

      expect(await resultOf(run)).toMatchObject({ outcome: 'good' })
      expect(await web.isRunning()).toBe(true)
      expect(await web.starts()).toBe(starts + 1)
    })

    async function running(policy: 'always' | 'unless-stopped'): Promise<ContainerService> {
      const web = containerService(docker, { NetworkMode: 'none', RestartPolicy: { Name: policy } })
      await (await web.create()).start()
      await until('it says that it was started', async () => (await web.starts()) === 1)
      return web
    }

    async function startedAndHanging(plan: string, services: readonly ContainerService[]) {
      await world.writePlan({
        plan,
        hold: { services: services.map(({ reference }) => reference), maxDowntime: '10m' },
        sources: { data: { type: 'files', paths: [world.path('data')] } },
        retry: { attempts: 1 },
      })
      return world.startHanging(plan)
    }

    const resultOf = async ({ workflowId }: { readonly workflowId: string }): Promise<BackupRunResult> =>
      JSON.parse((await world.holdfast('run', 'watch', workflowId, '--json')).stdout) as BackupRunResult
  },
)
