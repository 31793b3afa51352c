import fc from 'fast-check'
import { startOwed } from '../../../activities/holds/start-owed.js'
import { stopWithEntry } from '../../../activities/holds/stop-with-entry.js'
import type { HoldTools } from '../../../activities/holds/tools.js'
import type { ServiceState } from '../../../core/backup.js'
import { HoldfastError, type ErrorCode } from '../../../core/errors.js'
import type { ObservedService, StopRequest } from '../../../core/work/holds.js'
import type { HoldMode } from '../../../schemas/holds.js'
import { fakeJournal } from '../../fakes/journal.js'
import { fakeLog } from '../../fakes/log.js'
import { fakeService } from '../../fakes/service.js'

const signal = new AbortController().signal
const service = 'docker:web'
const SECOND = 1000

/** A world in which every second of the clock is another instant, and in which we are killed after `steps` steps. */
function world(state: ServiceState) {
  let nowMs = Date.parse('2026-03-05T12:00:00Z')
  let stepsLeft = Infinity
  const clock = () => new Date((nowMs += SECOND))
  const step = (name: string) => {
    if (stepsLeft-- <= 0) throw new Error(`killed at ${name}`)
  }
  const journal = fakeJournal(step)
  const { service: fake, services } = fakeService({ state, clock, step })
  const tools: HoldTools = { services, journal, clock, log: fakeLog() }
  return {
    tools,
    fake,
    journal,
    clock,
    observe: () => services.driver(service).driver.observe('web', signal),
    /** Runs it, killed after so many steps; then, as a worker that was started again does, runs it to its end. */
    killedAfter: async <T>(steps: number, work: () => Promise<T>): Promise<T> => {
      stepsLeft = steps
      try {
        return await work()
      } catch (error) {
        if (!String(error).includes('killed at')) throw error
        stepsLeft = Infinity
        return await work()
      } finally {
        stepsLeft = Infinity
      }
    },
  }
}

const requestOf = (observed: ObservedService, at: Date, more: Partial<StopRequest> = {}): StopRequest => ({
  service,
  observed,
  mode: 'stop',
  stopTimeoutMs: 1000,
  healthyWithinMs: 20_000,
  stopRequestedAt: at.toISOString(),
  lease: 'read',
  guard: { workflowId: `guard/nas/${service}`, runId: 'run-1' },
  ...more,
})
const start = { service, healthyWithinMs: 0, lease: 'read' } as const

test('killed at any step of the stop and of the start: the state before is restored, and nothing is owed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<ServiceState>('running', 'paused', 'stopped'),
      fc.constantFrom<HoldMode>('stop', 'pause'),
      fc.nat(8),
      fc.nat(10),
      async (state, mode, stopSteps, startSteps) => {
        const { tools, fake, journal, clock, observe, killedAfter } = world(state)
        const request = requestOf(await observe(), clock(), { mode })

        const { stateBefore } = await killedAfter(stopSteps, () => stopWithEntry(tools, request, signal))
        const held = fake.state
        await killedAfter(startSteps, () => startOwed(tools, start, signal))

        expect(stateBefore).toBe(state)
        expect(held).not.toBe('running')
        expect(fake.state).toBe(state)
        expect(journal.entries.size).toBe(0)
      },
    ),
  )
})

test('a retried stop says what was before our stop, not what it sees of it (R15)', async () => {
  const { tools, observe, clock } = world('running')
  const request = requestOf(await observe(), clock())
  await stopWithEntry(tools, request, signal)

  const observedNow = await observe()
  const again = await stopWithEntry(tools, { ...request, observed: observedNow }, signal)

  expect(observedNow.state).toBe('stopped')
  expect(again).toEqual({ stateBefore: 'running' })
})

test('what was stopped before we came is neither stopped nor started, also when the stop was retried (R15)', async () => {
  const { tools, fake, journal, observe, clock } = world('stopped')
  const request = requestOf(await observe(), clock())

  await stopWithEntry(tools, request, signal)
  await stopWithEntry(tools, request, signal)
  const result = await startOwed(tools, start, signal)

  expect(fake.actions).toEqual([])
  expect(journal.entries.size).toBe(0)
  expect(result).toMatchObject({ downtimeMs: 0, health: 'ok' })
})

test('what somebody started between our look and our stop is theirs to have back running', async () => {
  const { tools, fake, observe, clock } = world('stopped')
  const request = requestOf(await observe(), clock())
  fake.state = 'running'

  const { stateBefore } = await stopWithEntry(tools, request, signal)
  const held = fake.state
  await startOwed(tools, start, signal)

  expect([stateBefore, held, fake.state]).toEqual(['running', 'stopped', 'running'])
})

test('a second start finds nothing owed, and changes nothing', async () => {
  const { tools, fake, observe, clock } = world('running')
  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)
  await startOwed(tools, start, signal)
  const actions = [...fake.actions]

  const again = await startOwed(tools, start, signal)

  expect(fake.actions).toEqual(actions)
  expect(again).toMatchObject({ startedAt: fake.startedAt, health: 'ok' })
})

test('a start while our stop still goes on finishes it first: what answers "already started" ends seconds later', async () => {
  const { tools, fake, observe, clock } = world('running')
  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)
  // As Docker shows it while the container takes its time.
  fake.state = 'running'

  await startOwed(tools, start, signal)

  expect(fake.actions).toEqual(['stop', 'stop', 'start'])
})

test('a start that an earlier attempt made counts: the service is not stopped a second time', async () => {
  const { tools, fake, observe, clock, killedAfter } = world('running')
  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)

  // Killed when the entry is about to be removed.
  await killedAfter(2, () => startOwed(tools, start, signal))

  expect(fake.actions).toEqual(['stop', 'start'])
})

test('a clock of Temporal that is behind does not make the old start count', async () => {
  const { tools, fake, observe } = world('running')
  const observed = await observe()
  await stopWithEntry(tools, requestOf(observed, new Date('2026-03-05T11:00:00Z')), signal)
  fake.state = 'running'

  await startOwed(tools, start, signal)

  expect(fake.actions).toEqual(['stop', 'stop', 'start'])
})

test('downtime counts from the request of the stop to the start that counted', async () => {
  const { tools, fake, observe, clock } = world('running')
  const at = clock()
  await stopWithEntry(tools, requestOf(await observe(), at), signal)

  const { startedAt, downtimeMs } = await startOwed(tools, start, signal)

  expect(startedAt).toBe(fake.startedAt)
  expect(downtimeMs).toBe(Date.parse(fake.startedAt) - at.getTime())
})

test('a deadline that has passed stops nothing, and is not tried again', async () => {
  const { tools, fake, journal, observe, clock } = world('running')
  const deadlineAt = clock().toISOString()

  const late = stopWithEntry(tools, requestOf(await observe(), clock(), { deadlineAt }), signal)

  await expect(late).rejects.toMatchObject({ type: 'lease.expired', nonRetryable: true })
  expect(fake.actions).toEqual([])
  expect(journal.entries.size).toBe(0)
})

test('the deadline cancels a stop that goes on; its entry stays, for the start that follows', async () => {
  const { tools, journal, observe } = world('running')
  const now = new Date('2026-03-05T12:00:00.000Z')
  const { driver } = tools.services.driver(service)
  const never: HoldTools = {
    ...tools,
    clock: () => now,
    services: {
      ...tools.services,
      driver: () => ({
        name: 'web',
        driver: {
          ...driver,
          stop: (_name, _how, stopSignal) =>
            new Promise((_resolve, reject) =>
              stopSignal.addEventListener('abort', () => reject(stopSignal.reason as Error)),
            ),
        },
      }),
    },
  }
  const deadlineAt = new Date(now.getTime() + 50).toISOString()

  const late = stopWithEntry(never, requestOf(await observe(), now, { deadlineAt }), signal)

  await expect(late).rejects.toMatchObject({ type: 'lease.expired', nonRetryable: true })
  expect(journal.entries.get(service)).toMatchObject({ stateBefore: 'running', deadlineAt })
})

describe('a stop that is refused', () => {
  const refusing = (tools: HoldTools, code: ErrorCode, before: () => void = () => undefined): HoldTools => {
    const { driver } = tools.services.driver(service)
    const stop = async () => {
      before()
      throw new HoldfastError(code, 'No.')
    }
    return {
      ...tools,
      services: { ...tools.services, driver: () => ({ driver: { ...driver, stop }, name: 'web' }) },
    }
  }

  test.each<ErrorCode>(['docker.denied', 'runtime.denied', 'service.invalid'])(
    'with %s leaves no debt: a start finds nothing to do',
    async (code) => {
      const { tools, fake, journal, observe, clock } = world('running')
      const denied = refusing(tools, code)

      await expect(stopWithEntry(denied, requestOf(await observe(), clock()), signal)).rejects.toMatchObject({
        code,
      })
      const owed = journal.entries.size
      const result = await startOwed(denied, start, signal)

      expect(owed).toBe(0)
      expect(result).toMatchObject({ downtimeMs: 0, health: 'ok' })
      expect(fake.actions).toEqual([])
    },
  )

  test('leaves the debt of an earlier attempt: that may have been heard', async () => {
    const { tools, journal, observe, clock } = world('running')
    const request = requestOf(await observe(), clock())
    await expect(stopWithEntry(refusing(tools, 'service.stop-failed'), request, signal)).rejects.toThrow(
      'No.',
    )

    await expect(stopWithEntry(refusing(tools, 'docker.denied'), request, signal)).rejects.toThrow('No.')

    expect(journal.entries.size).toBe(1)
  })

  test.each<ServiceState>(['stopped', 'paused'])(
    'leaves the debt of a service that is %s now',
    async (state) => {
      const { tools, fake, journal, observe, clock } = world('running')
      const denied = refusing(tools, 'docker.denied', () => (fake.state = state))

      await expect(stopWithEntry(denied, requestOf(await observe(), clock()), signal)).rejects.toThrow('No.')

      expect(journal.entries.size).toBe(1)
    },
  )
})

test('an earlier hold that was never paid back: what it owes stays, who owes it is new', async () => {
  const { tools, journal, observe, clock } = world('running')
  const first = requestOf(await observe(), clock(), { deadlineAt: '2026-03-05T13:00:00.000Z' })
  await stopWithEntry(tools, first, signal)
  const later = requestOf(await observe(), clock(), {
    lease: 'write',
    guard: { workflowId: 'guard', runId: 'run-2' },
  })

  const { stateBefore } = await stopWithEntry(tools, later, signal)

  expect(stateBefore).toBe('running')
  const entry = journal.entries.get(service)
  expect(entry).toMatchObject({ stateBefore: 'running', lease: 'write', guard: { runId: 'run-2' } })
  expect(entry).toMatchObject({ stopRequestedAt: later.stopRequestedAt })
  expect(entry).not.toHaveProperty('deadlineAt')
})

test('what a restore keeps down is neither held nor started for a backup; the restore itself may start it', async () => {
  const { tools, fake, journal, observe, clock } = world('running')
  const request = requestOf(await observe(), clock(), { lease: 'write' })
  await stopWithEntry(tools, request, signal)

  const held = stopWithEntry(tools, { ...request, lease: 'read' }, signal)
  await expect(held).rejects.toMatchObject({ code: 'lease.busy' })
  await expect(startOwed(tools, start, signal)).rejects.toMatchObject({ code: 'restore.conflict' })
  const stayed = [fake.state, journal.entries.size]
  await startOwed(tools, { ...start, lease: 'write' }, signal)

  expect(stayed).toEqual(['stopped', 1])
  expect(fake.state).toBe('running')
})

test('a service that vanished is named, and its entry stays for when it comes back (R16)', async () => {
  const { tools, fake, journal, observe, clock } = world('running')
  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)
  fake.state = 'missing'

  await expect(startOwed(tools, start, signal)).rejects.toMatchObject({ code: 'service.not-found' })
  const owed = journal.entries.size
  fake.state = 'stopped'
  await startOwed(tools, start, signal)

  expect(owed).toBe(1)
  expect(fake.state).toBe('running')
  expect(journal.entries.size).toBe(0)
})

test('a service whose start fails is tried again, and owed until it works (R12)', async () => {
  const { tools, fake, journal, observe, clock } = world('running')
  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)
  const { driver } = tools.services.driver(service)
  const failing = { ...driver, start: () => Promise.reject(new Error('port is taken')) }
  const broken: HoldTools = {
    ...tools,
    services: { ...tools.services, driver: () => ({ driver: failing, name: 'web' }) },
  }

  await expect(startOwed(broken, start, signal)).rejects.toThrow('port is taken')
  const owed = journal.entries.size
  await startOwed(tools, start, signal)

  expect(owed).toBe(1)
  expect(fake.state).toBe('running')
})

test('up but not well is an answer; up and down again is a failure that stays owed', async () => {
  const { tools, fake, journal, observe, clock } = world('running')
  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)
  fake.health = 'unhealthy'

  const unwell = await startOwed(tools, start, signal)

  expect(unwell.health).toBe('unhealthy')
  expect(journal.entries.size).toBe(0)

  await stopWithEntry(tools, requestOf(await observe(), clock()), signal)
  const { driver } = tools.services.driver(service)
  const crashing = { ...driver, start: async () => undefined }
  const broken: HoldTools = {
    ...tools,
    services: { ...tools.services, driver: () => ({ driver: crashing, name: 'web' }) },
  }

  await expect(startOwed(broken, start, signal)).rejects.toMatchObject({ code: 'service.start-failed' })
  expect(journal.entries.size).toBe(1)
})
