import { randomBytes } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import type Docker from 'dockerode'
import type { BackupSummary } from '../../core/backup.js'
import { startDocker, type DockerForTests } from '../support/docker.js'
import { goOn, hangTar } from '../support/hanging-tar.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// The cases R12 and R16 of docs/guarantees.md, and what else somebody may do to a container while it is held. A capture is made
// to hang by stopping the process of its tar.

describeWith(['built', 'temporal', 'docker', 'root'], 'somebody else acts while a container is held', () => {
  let docker: DockerForTests
  let world: World
  let hanging: number | undefined
  let web: string

  beforeAll(async () => {
    const found = await startDocker()
    if ('missing' in found) throw new Error(found.missing)
    docker = found
    world = await makeWorld({ environment: { ...docker.environment } })
    for (const folder of ['data', 'needed']) await mkdir(world.path(folder))
    await writeFile(world.path('data', 'large'), randomBytes(24 * 2 ** 20).toString('hex'))
    web = `held-${randomBytes(4).toString('hex')}`
    await (await createWeb()).start()
    await world.writePlan({
      plan: 'held',
      hold: { services: [`docker:${web}`], maxDowntime: '2m', healthy: { within: '5s' } },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
      compression: { algorithm: 'zstd', level: 12 },
      retry: { attempts: 1 },
    })
    await world.up()
  }, 180_000)

  afterAll(async () => {
    await world.dispose()
    await docker.clean()
  })

  afterEach(async () => {
    resume()
    await until('the journal is empty', async () => (await world.journal()).length === 0, 90_000)
    expect((await container().inspect()).State.Running).toBe(true)
  })

  test('R16 it is recreated: the new one is started, by its name', async () => {
    const run = await startedAndHanging()
    await container().remove({ force: true })
    const { id } = await createWeb()

    resume()

    expect(await outcomeOf(run)).toBe('good')
    expect((await container().inspect()).Id).toBe(id)
  })

  test('R16 it is removed: an alarm, and whatever bears its name later is started', async () => {
    const run = await startedAndHanging()
    await container().remove({ force: true })
    resume()
    await until('an alarm is open', hasAlarm, 60_000)

    await createWeb()

    await until('the new one runs', async () => (await container().inspect()).State.Running, 60_000)
    expect(await outcomeOf(run)).toBe('not-good')
    await until('the alarm is closed', async () => !(await hasAlarm()))
  })

  test('R12 its start fails for a while: it is tried until it works, with an alarm meanwhile', async () => {
    const run = await startedAndHanging()
    await rename(world.path('needed'), world.path('taken-away'))
    resume()
    await until('an alarm is open', hasAlarm, 150_000)

    await rename(world.path('taken-away'), world.path('needed'))

    await until('it runs', async () => (await container().inspect()).State.Running, 60_000)
    await until('the alarm is closed', async () => !(await hasAlarm()), 60_000)
    expect(['good', 'not-good']).toContain(await outcomeOf(run))
  }, 300_000)

  test('it is started: what was read is inconsistent, and it is not started twice', async () => {
    const run = await startedAndHanging()
    await container().start()
    const { StartedAt: startedAt } = (await container().inspect()).State

    resume()

    expect(await outcomeOf(run)).toBe('not-good')
    expect((await container().inspect()).State.StartedAt).toBe(startedAt)
    const [newest] = (await backups()).reverse()
    expect(newest).toMatchObject({ data: 'inconsistent', isGood: false })
  })

  test('it is started and stopped again: what was read is inconsistent, and it is started at the end', async () => {
    const run = await startedAndHanging()
    await container().start()
    await container().stop({ t: 5 })

    resume()

    expect(await outcomeOf(run)).toBe('not-good')
    const [newest] = (await backups()).reverse()
    expect(newest).toMatchObject({ data: 'inconsistent' })
  })

  function resume(): void {
    goOn(hanging)
    hanging = undefined
  }

  const container = () => docker.docker.getContainer(web)
  const backups = () => world.json<BackupSummary[]>('backup', 'list', '--plan', 'held')
  /** `status` ends with 1 while one is open. */
  async function hasAlarm(): Promise<boolean> {
    const { stdout } = await world.holdfast('status', '--json')
    const { alarms } = JSON.parse(stdout) as { alarms: { cause: string }[] }
    return alarms.some(({ cause }) => cause === `not-restarted/docker:${web}`)
  }

  /** Docker's own restart policy must not undo a hold; without the folder its start fails. */
  async function createWeb(): Promise<Docker.Container> {
    const made = await docker.create(docker.tinyImage, {
      name: web,
      HostConfig: {
        NetworkMode: 'none',
        RestartPolicy: { Name: 'always' },
        Mounts: [{ Type: 'bind', Source: world.path('needed'), Target: '/needed' }],
      },
    })
    return made.container
  }

  async function startedAndHanging(): Promise<string> {
    const { workflowId } = await world.json<{ workflowId: string }>('backup', 'create', 'held', '--no-wait')
    hanging = await hangTar(world.path('data'))
    expect((await container().inspect()).State.Running).toBe(false)
    return workflowId
  }

  const outcomeOf = (workflowId: string) =>
    until(
      `${workflowId} has ended`,
      async () => (await world.json<{ outcome?: string }>('run', 'show', workflowId)).outcome,
      150_000,
    )
})
