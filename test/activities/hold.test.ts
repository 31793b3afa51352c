import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { holdActivities } from '../../activities/hold.js'
import { createJournal } from '../../activities/journal/files.js'
import { createServices } from '../../activities/services/registry.js'
import type { AlarmInput } from '../../core/work/alarm.js'
import type { ObservedService, StartRequest, StopRequest } from '../../core/work/holds.js'
import { activityEnvironment, runActivity } from '../fakes/activity.js'
import { fakeTools } from '../fakes/tools.js'
import { dockerOfFile } from '../support/docker-of-file.js'
import { describeWith } from '../support/needs.js'
import { startPlainService } from '../support/plain-service.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'

const folder = temporaryFolder()
const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
const { signal } = new AbortController()

async function world(site: Parameters<typeof createServices>[0]['site'], dockerHost?: string) {
  const stateDir = await mkdtemp(join(folder(), 'state-'))
  const services = createServices({
    site,
    environment: process.env,
    random,
    ...(dockerHost === undefined ? {} : { dockerHost }),
  })
  const journal = createJournal({ stateDir, bootId: 'boot' })
  const tools = fakeTools({ services, journal, clock: () => new Date() })
  const verbs = holdActivities(tools)
  // As properties: each is handed to `runActivity` by itself.
  const hold = {
    observeService: (service: string) => verbs.observeService(service),
    stopService: (request: StopRequest) => verbs.stopService(request),
    startService: (request: StartRequest) => verbs.startService(request),
    raiseAlarm: (alarm: AlarmInput) => verbs.raiseAlarm(alarm),
    resolveAlarm: (cause: string) => verbs.resolveAlarm(cause),
  }
  return { tools, journal, hold }
}

const requestOf = (observed: ObservedService, more: Partial<StopRequest> = {}): StopRequest => ({
  service: observed.service,
  observed,
  mode: 'stop',
  stopTimeoutMs: 10_000,
  healthyWithinMs: 20_000,
  stopRequestedAt: new Date().toISOString(),
  deadlineAt: new Date(Date.now() + 60_000).toISOString(),
  lease: 'read',
  guard: { workflowId: `guard/nas/${observed.service}`, runId: 'run-1' },
  ...more,
})
const startOf = (service: string, healthyWithinMs = 20_000) =>
  ({ service, healthyWithinMs, lease: 'read' }) as const

describeWith(['docker'], 'holding Docker containers', () => {
  const docker = dockerOfFile()
  const running = async (variables: Record<string, string> = {}) => {
    const Env = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    const { name, container } = await docker().create(docker().tinyImage, { Env })
    await container.start()
    const made = await world({ services: {} }, docker().environment.DOCKER_HOST)
    const { driver } = made.tools.services.driver(`docker:${name}`)
    const ticks = driver.shell(name)
    await until('it ticks', () =>
      ticks.run(['cat', '/data/ticks'], { signal }).then(
        ({ stdout }) => stdout !== '',
        () => false,
      ),
    )
    const state = async () => (await container.inspect()).State
    return { ...made, service: `docker:${name}`, name, container, state }
  }

  test('stops, owes, starts, waits until it is healthy, and owes no more', async () => {
    const { hold, journal, service, state } = await running({ HEALTHY_AFTER: '2' })
    const observed = await runActivity(hold.observeService, service)

    const stopped = await runActivity(hold.stopService, requestOf(observed))
    const held = await state()
    const owed = await journal.read(service)
    const result = await runActivity(hold.startService, startOf(service))

    expect(stopped).toEqual({ stateBefore: 'running' })
    expect(held.Running).toBe(false)
    expect(owed).toMatchObject({
      stateBefore: 'running',
      startedAtBefore: observed.startedAt,
      identity: observed.identity,
    })
    expect(result.health).toBe('ok')
    expect((await state()).Health?.Status).toBe('healthy')
    expect(Date.parse(result.startedAt)).toBe(Math.floor(Date.parse((await state()).StartedAt)))
    expect(result.downtimeMs).toBeGreaterThan(0)
    expect((await journal.list()).entries).toEqual([])
  })

  test('a start that comes while the container takes its time to stop leaves it running for good', async () => {
    const { hold, journal, service, state } = await running({ STOP_SECONDS: '3' })
    const observed = await runActivity(hold.observeService, service)
    const environment = activityEnvironment()
    const stopping = environment.run(hold.stopService, requestOf(observed))
    await until('the entry is written', async () => (await journal.read(service)) !== undefined)
    await until('the stop was asked for', async () => {
      const events = (await docker().docker.getContainer(service.slice(7)).top()) as { Processes: string[][] }
      return events.Processes.some((fields) => fields.join(' ').includes('sleep 3'))
    })
    environment.cancel()
    await expect(stopping).rejects.toThrow()
    const whileStopping = await state()

    const result = await runActivity(hold.startService, startOf(service, 5000))

    expect(whileStopping.Running).toBe(true)
    expect(result.health).toBe('ok')
    expect((await state()).Running).toBe(true)
    expect(Date.parse((await state()).StartedAt)).toBeGreaterThan(Date.parse(observed.startedAt ?? ''))
    expect((await journal.list()).entries).toEqual([])
  })

  test('what does not become healthy in time is up, and said to be unwell', async () => {
    const { hold, journal, service, state } = await running({ HEALTHY_AFTER: 'never' })
    await runActivity(hold.stopService, requestOf(await runActivity(hold.observeService, service)))

    const result = await runActivity(hold.startService, startOf(service, 1000))

    expect(result.health).toBe('unhealthy')
    expect((await state()).Running).toBe(true)
    expect((await journal.list()).entries).toEqual([])
  })

  test('a paused container is paused again after a stop (R15)', async () => {
    const { hold, journal, service, state, container } = await running()
    await container.pause()
    await runActivity(
      hold.stopService,
      requestOf(await runActivity(hold.observeService, service), { stopTimeoutMs: 1000 }),
    )
    const held = await state()

    await runActivity(hold.startService, startOf(service))

    expect(held).toMatchObject({ Running: false, Paused: false })
    expect(await state()).toMatchObject({ Running: true, Paused: true })
    expect((await journal.list()).entries).toEqual([])
  })

  test('holds by pausing, and lets go on', async () => {
    const { hold, service, state } = await running()
    const observed = await runActivity(hold.observeService, service)

    await runActivity(hold.stopService, requestOf(observed, { mode: 'pause' }))
    const held = await state()
    const result = await runActivity(hold.startService, startOf(service))

    expect(held.Paused).toBe(true)
    expect(await state()).toMatchObject({ Running: true, Paused: false, StartedAt: observed.startedAt })
    expect(result.health).toBe('ok')
    expect(result.downtimeMs).toBeLessThan(30_000)
  })

  test('what was stopped stays stopped', async () => {
    const { hold, journal, service, state, container } = await running()
    await container.stop({ t: 1 })
    const observed = await runActivity(hold.observeService, service)

    const stopped = await runActivity(hold.stopService, requestOf(observed))
    await runActivity(hold.startService, startOf(service))

    expect(stopped).toEqual({ stateBefore: 'stopped' })
    expect((await state()).Running).toBe(false)
    expect((await journal.list()).entries).toEqual([])
  })

  test('a container that is recreated while it is held is started by its name (R16)', async () => {
    const { hold, journal, service, name, container } = await running()
    await runActivity(hold.stopService, requestOf(await runActivity(hold.observeService, service)))
    await container.remove({ force: true })

    const missing = runActivity(hold.startService, startOf(service))
    await expect(missing).rejects.toMatchObject({ code: 'service.not-found' })
    const owed = await journal.read(service)
    const { container: recreated } = await docker().create(docker().tinyImage, { name })
    await runActivity(hold.startService, startOf(service))

    expect(owed).toBeDefined()
    expect((await recreated.inspect()).State.Running).toBe(true)
    expect((await journal.list()).entries).toEqual([])
  })

  test('the deadline ends a stop that takes too long; the container comes back', async () => {
    const { hold, service, state } = await running({ STOP_SECONDS: '4' })
    const observed = await runActivity(hold.observeService, service)
    const deadlineAt = new Date(Date.now() + 1500).toISOString()

    const late = runActivity(hold.stopService, requestOf(observed, { deadlineAt }))
    await expect(late).rejects.toMatchObject({ type: 'lease.expired' })
    await runActivity(hold.startService, startOf(service))

    expect((await state()).Running).toBe(true)
  })
})

describe('holding command services', () => {
  const running = async (nature = {}) => {
    const plain = await startPlainService(await mkdtemp(join(folder(), 'service-')), nature)
    const made = await world({ services: { web: plain.definition } })
    return { ...made, plain, service: 'command:web' }
  }

  test('stops, owes, starts, and owes no more', async () => {
    const { hold, journal, plain, service } = await running()

    const stopped = await runActivity(
      hold.stopService,
      requestOf(await runActivity(hold.observeService, service)),
    )
    const held = [await plain.isRunning(), (await journal.list()).entries.length]
    const result = await runActivity(hold.startService, startOf(service))

    expect(stopped).toEqual({ stateBefore: 'running' })
    expect(held).toEqual([false, 1])
    expect(result).toMatchObject({ health: 'ok' })
    expect(await plain.isRunning()).toBe(true)
    expect(await plain.lines()).toEqual(['started', 'stopped', 'started'])
    expect((await journal.list()).entries).toEqual([])
    await plain.kill()
  })

  test('while the agent leaves, nothing more is stopped, but a stop that was begun is finished', async () => {
    const { hold, tools, journal, plain, service } = await running()
    const request = requestOf(await runActivity(hold.observeService, service))
    tools.world.isLeaving = true

    await expect(runActivity(hold.stopService, request)).rejects.toMatchObject({ code: 'agent.stopping' })
    const untouched = [await plain.isRunning(), (await journal.list()).entries.length]
    await journal.open({ ...request, stateBefore: 'running' })
    await runActivity(hold.stopService, request)

    expect(untouched).toEqual([true, 0])
    expect(await plain.isRunning()).toBe(false)
    await runActivity(hold.startService, startOf(service))
    await plain.kill()
  })

  test('what a restore has left down is taken over by that restore alone', async () => {
    const { hold, journal, plain, service } = await running()
    const observed = await runActivity(hold.observeService, service)
    const { deadlineAt: _, ...request } = requestOf(observed, { lease: 'write', restoreId: 'backup/1' })
    await runActivity(hold.stopService, request)

    for (const other of [requestOf(observed), { ...request, restoreId: 'backup/2' }]) {
      await expect(runActivity(hold.stopService, other)).rejects.toMatchObject({
        code: 'lease.busy',
        message: expect.stringContaining('backup/1') as string,
      })
    }
    const resumed = await runActivity(hold.stopService, {
      ...request,
      stopRequestedAt: new Date().toISOString(),
    })

    expect(resumed).toEqual({ stateBefore: 'running' })
    expect(await journal.read(service)).toMatchObject({ lease: 'write', restoreId: 'backup/1' })
    await runActivity(hold.startService, { ...startOf(service), lease: 'write' })
    await plain.kill()
  })

  test('waits for the stop of a worker that was killed before it starts', async () => {
    const { hold, tools, journal, plain, service } = await running({ stopSeconds: 2 })
    const observed = await runActivity(hold.observeService, service)
    const request = requestOf(observed)
    // What a killed worker leaves: an entry that names the process of its stop, and that process at work.
    const entry = await journal.open({ ...request, stateBefore: 'running' })
    const { driver } = tools.services.driver(service)
    const stopping = driver.stop(
      'web',
      {
        mode: 'stop',
        timeoutMs: 10_000,
        onProcess: (stopProcess) => journal.update({ ...entry, stopProcess }),
      },
      signal,
    )
    await until('the stop is at work', async () => (await journal.read(service))?.stopProcess !== undefined)

    await runActivity(hold.startService, startOf(service))
    await stopping

    expect(await plain.isRunning()).toBe(true)
    expect(await plain.lines()).toEqual(['started', 'stopped', 'started'])
    await plain.kill()
  })

  test('a service that this host does not allow is neither observed nor stopped', async () => {
    const { hold, tools, journal, plain, service } = await running()
    const observed = await runActivity(hold.observeService, service)
    tools.world.forbidden.add(`service ${service}`)

    await expect(runActivity(hold.observeService, service)).rejects.toMatchObject({
      code: 'plan.not-allowed',
    })
    await expect(runActivity(hold.stopService, requestOf(observed))).rejects.toMatchObject({
      code: 'plan.not-allowed',
    })

    expect(await plain.isRunning()).toBe(true)
    expect((await journal.list()).entries).toEqual([])
    await plain.kill()
  })
})

test('raises and resolves alarms', async () => {
  const { tools, hold } = await world({ services: {} })

  await runActivity(hold.raiseAlarm, { cause: 'a', summary: 'It broke.', hint: 'Mend it.' })
  const raised = [...tools.world.alarms]
  await runActivity(hold.resolveAlarm, 'a')

  expect(raised).toEqual([['a', 'It broke.']])
  expect(tools.world.alarms.size).toBe(0)
})
