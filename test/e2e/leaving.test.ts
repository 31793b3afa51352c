import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readAgentState, readLiveAgent } from '../../temporal/agent-state.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { startHeldServices, type HeldServices } from '../support/held-services.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type HangingRun, type World } from './world.js'

// R17 of docs/guarantees.md: the agent leaves while a process and a container are held.

const program = join(import.meta.dirname, '..', '..', 'bin', 'run.js')

describeWith(['built', 'temporal', 'docker', 'root'], 'an agent that leaves during a hold', () => {
  let docker: DockerForTests
  let world: World
  let services: HeldServices

  beforeAll(async () => {
    docker = await requireDocker()
    world = await makeWorld({ environment: docker.environment })
    services = await startHeldServices(docker, 'web', world.path('web'))
    await world.configure({ services: services.definitions, limits: { parallelCaptures: 1 } })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    await writeFile(world.path('small'), 'content')
    await world.writePlan(heldPlan('patient', world.path('data')))
    await world.writePlan(heldPlan('next', world.path('small')))
  })

  afterEach(() => world.tar.goOn())

  afterAll(async () => {
    await services.stop()
    await world.dispose()
    await docker.clean()
  })

  test('R17 `down`: its run is cancelled, the services are back before it is gone, and no other run stops them again', async () => {
    await world.up()
    const before = await services.starts()
    const run = await startedAndHanging()
    // It waits for the only capture place, and gets it in the very moment in which the first is cancelled.
    const next = await world.json<{ workflowId: string }>('backup', 'create', 'next', '--no-wait')
    await until('the next run waits', async () =>
      (await world.holdfast('run', 'show', next.workflowId)).stdout.includes(run.workflowId),
    )

    const down = await world.holdfast('down')

    expect(down).toMatchObject({ code: 0 })
    await areBackAndSettled()
    expect(await services.starts()).toEqual(before.map((starts) => starts + 1))
    await world.up()
    expect(await world.outcomeOf(run.workflowId)).toBe('cancelled')
    expect(await world.outcomeOf(next.workflowId)).toBe('good')
  }, 240_000)

  test('R17 SIGTERM to the agent', async () => {
    const run = await startedAndHanging()
    const agent = (await readLiveAgent(world.stateDir))!

    process.kill(agent.pid, 'SIGTERM')

    await until(
      'the agent is gone',
      async () => (await readAgentState(world.stateDir)) === undefined,
      120_000,
    )
    await areBackAndSettled()
    await world.up()
    expect(await world.outcomeOf(run.workflowId)).toBe('cancelled')
    await world.holdfast('down')
  }, 240_000)

  test('R17 Ctrl-C at `up`, which reaches everything of the terminal at once', async () => {
    const up = spawn(process.execPath, [program, 'up'], {
      cwd: world.folder,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...docker.environment, PATH: world.tar.path, NO_COLOR: '1', NODE_OPTIONS: '' },
    })
    await until(
      'the agent is ready',
      async () => (await readLiveAgent(world.stateDir))?.phase === 'ready',
      90_000,
    )
    await startedAndHanging()

    process.kill(-up.pid!, 'SIGINT')

    await once(up, 'exit')
    await areBackAndSettled()
  }, 240_000)

  const heldPlan = (plan: string, path: string) => ({
    plan,
    hold: { services: services.references, maxDowntime: '5m' },
    sources: { data: { type: 'files', paths: [path] } },
  })

  async function startedAndHanging(): Promise<HangingRun> {
    const run = await world.startHanging('patient')
    expect(await services.areDown()).toBe(true)
    return run
  }

  async function areBackAndSettled(): Promise<void> {
    expect(await services.areRunning()).toBe(true)
    expect(await world.journal()).toEqual([])
  }
})
