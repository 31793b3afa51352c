import { settleEntry, type SettleOptions } from '../../../activities/holds/settle-entry.js'
import type { JournalEntry } from '../../../activities/journal/journal.js'
import type { ServiceState } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import type { SettleDecision } from '../../../core/watchdog.js'
import { fakeJournal } from '../../fakes/journal.js'
import { fakeLog } from '../../fakes/log.js'
import { fakeService } from '../../fakes/service.js'

const service = 'docker:web'
const { signal } = new AbortController()
const start: SettleDecision = { action: 'start', because: 'its guard is gone' }

function world(state: ServiceState, entry: Partial<JournalEntry> = {}) {
  let nowMs = Date.parse('2026-03-05T12:00:00Z')
  const clock = () => new Date((nowMs += 1000))
  const journal = fakeJournal()
  const { service: fake, services } = fakeService({ state, clock })
  const alarms = new Map<string, string>([[`not-restarted/${service}`, 'an earlier trouble']])
  journal.entries.set(service, {
    entryVersion: 1,
    service,
    stateBefore: 'running',
    mode: 'stop',
    lease: 'read',
    stopRequestedAt: clock().toISOString(),
    stopTimeoutMs: 1000,
    guard: { workflowId: `guard/nas/${service}`, runId: 'r' },
    bootId: 'this-boot',
    ...entry,
  })
  const tools = {
    journal,
    services,
    clock,
    log: fakeLog(),
    alarms: {
      raise: async ({ cause, summary }: { cause: string; summary: string }) =>
        void alarms.set(cause, summary),
      resolve: async (cause: string) => void alarms.delete(cause),
    },
  }
  const settle = (decide: SettleOptions['decide'], options: Partial<SettleOptions> = {}) =>
    settleEntry(
      tools,
      service,
      { askGuard: async () => 'silent', decide, healthyWithinMs: 0, startAfterMs: 0, ...options },
      signal,
    )
  return { journal, fake, alarms, settle, tools }
}

test('starts what is to be started, forgets the entry, and the trouble', async () => {
  const { settle, fake, journal, alarms } = world('stopped')

  const settled = await settle(() => start)

  expect(settled).toMatchObject({
    outcome: 'started',
    because: 'its guard is gone',
    result: { health: 'ok' },
  })
  expect(fake.actions).toEqual(['start'])
  expect(journal.entries.size).toBe(0)
  expect([...alarms]).toEqual([])
})

test.each<[SettleDecision, string, number]>([
  [{ action: 'leave', because: 'its guard is at work' }, 'left', 1],
  [{ action: 'start-at', at: '2026-03-05T12:10:00.000Z', because: 'silence' }, 'waits', 1],
  [{ action: 'alarm', because: 'its restore is gone' }, 'kept-down', 2],
])('touches nothing when it is to %j', async (decision, outcome, alarmsAfter) => {
  const { settle, fake, journal, alarms } = world('stopped')

  const settled = await settle(() => decision)

  expect(settled.outcome).toBe(outcome)
  expect(fake.actions).toEqual([])
  expect(journal.entries.size).toBe(1)
  expect(alarms.size).toBe(alarmsAfter)
})

test('decides again under the lock: a guard may have come back while it waited', async () => {
  const { settle, fake } = world('stopped')
  const decisions: SettleDecision[] = [start, { action: 'leave', because: 'its guard is at work' }]

  const settled = await settle(() => decisions.shift()!)

  expect(settled.outcome).toBe('left')
  expect(fake.actions).toEqual([])
})

test('says so when somebody else has paid meanwhile', async () => {
  const { settle, journal, fake } = world('stopped')

  const settled = await settle(() => {
    journal.entries.delete(service)
    return start
  })

  expect(settled).toEqual({ service, outcome: 'nothing-owed' })
  expect(fake.actions).toEqual([])
})

test('a service that is missing is an alarm, and is started by its name when it is there again', async () => {
  const { settle, fake, journal, alarms } = world('stopped')
  fake.state = 'missing'

  const missing = await settle(() => start)
  const [alarm] = alarms.values()
  fake.state = 'stopped'
  const back = await settle(() => start)

  expect(missing).toMatchObject({ outcome: 'failed', error: { code: 'service.not-found' } })
  expect(alarm).toContain('could not be started')
  expect(back.outcome).toBe('started')
  expect(journal.entries.size).toBe(0)
  expect(alarms.size).toBe(0)
})

test('a full disk keeps no service down: what cannot be noted is not', async () => {
  const { tools, settle, fake } = world('stopped')
  tools.journal.update = async () => {
    throw new HoldfastError('journal.unusable', 'no space left on device')
  }
  const { driver } = tools.services.driver(service)
  const startOf = driver.start.bind(driver)
  driver.start = async (name, how, given) => {
    await how.onProcess?.({ pid: 1, startTime: '1' })
    await startOf(name, how, given)
  }

  const settled = await settle(() => start)

  expect(settled.outcome).toBe('started')
  expect(fake.actions).toEqual(['start'])
  expect(tools.log.lines).toMatchObject([{ message: 'the journal entry could not be brought up to date' }])
})

test('after a boot a service that runs is not stopped again, and no stranger takes a process number of ours', async () => {
  const { settle, fake, journal } = world('running', {
    bootId: 'another',
    stopProcess: { pid: process.pid, startTime: '1' },
  })
  fake.startedAt = '2026-03-05T13:00:00.000Z'

  const settled = await settle(() => start)

  expect(settled.outcome).toBe('started')
  expect(fake.actions).toEqual([])
  expect(journal.entries.size).toBe(0)
})

test.each([
  [undefined, 'unhealthy'],
  [60_000, 'ok'],
] as const)('an entry that gives it %p ms to become healthy: %s', async (healthyWithinMs, health) => {
  const { settle, fake, tools } = world('stopped', healthyWithinMs === undefined ? {} : { healthyWithinMs })
  fake.health = 'starting'
  const { driver } = tools.services.driver(service)
  const observe = driver.observe.bind(driver)
  let looks = 0
  driver.observe = async (...given) => {
    // The first health check after the start is over a moment later.
    if (fake.state === 'running' && ++looks > 2) fake.health = 'healthy'
    return observe(...given)
  }

  expect(await settle(() => start)).toMatchObject({ outcome: 'started', result: { health } })
})

test('what a service needs is waited for, but not for ever', async () => {
  const { settle, tools, fake } = world('stopped', { startAfter: ['docker:db'] })
  const looked: string[] = []
  const driver = tools.services.driver.bind(tools.services)
  tools.services.driver = (reference) => {
    looked.push(reference)
    return driver(reference)
  }

  const settled = await settle(() => start, { startAfterMs: 300 })

  expect(looked.filter((reference) => reference === 'docker:db').length).toBeGreaterThan(1)
  expect(settled.outcome).toBe('started')
  expect(fake.actions).toEqual(['start'])
})
