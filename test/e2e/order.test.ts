import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import type { BackupRunResult } from '../../core/work/runs.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { describeWith } from '../support/needs.js'
import { makeWorld, type World } from './world.js'

describeWith(['built', 'temporal', 'docker'], 'services of a Compose project, found by their label', () => {
  let docker: DockerForTests
  let world: World
  const project = `shop-${randomBytes(4).toString('hex')}`

  beforeAll(async () => {
    docker = await requireDocker()
    world = await makeWorld({ environment: { ...docker.environment } })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    await start('a-db', '', { HEALTHY_AFTER: '2' })
    await start('b-web', 'a-db:service_healthy:false')
    await start('c-worker', 'b-web:service_started:false')
    await world.writePlan({
      plan: 'shop',
      hold: { services: [{ label: `plan=${project}` }], maxDowntime: '2m' },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
    })
    await world.up()
  })

  afterAll(async () => {
    await world.dispose()
    await docker.clean()
  })

  test('stop before what they need, and start when it is healthy again', async () => {
    const result = await world.json<BackupRunResult>('backup', 'create', 'shop')

    expect(result).toMatchObject({ outcome: 'good', services: 'ok' })
    const [db, web, worker] = [await stateOf('a-db'), await stateOf('b-web'), await stateOf('c-worker')]
    expect([worker.stopped, web.stopped, db.stopped]).toEqual(
      [worker.stopped, web.stopped, db.stopped].toSorted((a, b) => a - b),
    )
    expect(web.started).toBeGreaterThan(db.started + 1500)
    expect(worker.started).toBeGreaterThan(web.started)
  })

  test('a label that nobody has fails the run before anything stops', async () => {
    await world.writePlan({
      plan: 'typo',
      hold: { services: [`docker:${project}/a-db`, { label: 'plan=no-such-plan' }] },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
    })
    const before = await stateOf('a-db')

    const { code, stderr } = await world.holdfast('backup', 'create', 'typo')

    expect(code).toBe(3)
    expect(stderr).toContain('plan=no-such-plan')
    expect(await stateOf('a-db')).toEqual(before)
  })

  async function start(
    service: string,
    dependsOn: string,
    variables: Record<string, string> = {},
  ): Promise<void> {
    const { container } = await docker.create(docker.tinyImage, {
      name: nameOf(service),
      Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      Labels: {
        plan: project,
        'com.docker.compose.project': project,
        'com.docker.compose.service': service,
        'com.docker.compose.depends_on': dependsOn,
      },
    })
    await container.start()
  }

  const nameOf = (service: string) => `${project}-${service}-1`

  async function stateOf(service: string): Promise<{ readonly started: number; readonly stopped: number }> {
    const { State } = await docker.docker.getContainer(nameOf(service)).inspect()
    return { started: Date.parse(State.StartedAt), stopped: Date.parse(State.FinishedAt) }
  }
})
