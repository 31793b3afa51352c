import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { HoldfastError } from '../../core/errors.js'
import { errorOf } from '../../core/failure.js'
import { taskQueues, workflowIds } from '../../core/ids.js'
import type { Lease } from '../../core/work/holds.js'
import { hang, pause } from '../fakes/activities.js'
import { testHold, testJob, testRun } from '../support/backup-jobs.js'
import { acquireOf, startOwnAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'

let agent: TestAgent
/** A run that goes on and on: what it holds is its own affair. */
let holder: WorkflowHandle

beforeAll(async () => {
  agent = await startOwnAgent()
  holder = await startRun(testJob('holder'))
})

afterAll(() => agent?.close())

const startRun = (job: ReturnType<typeof testJob>) => {
  agent.host.onCapture.set(`${job.plan}-live`, job.plan === 'holder' ? hang : async () => undefined)
  return agent.client.workflow.start('backupRun', {
    taskQueue: taskQueues.orchestrator,
    workflowId: `backup/${job.plan}/${randomUUID()}`,
    args: [testRun({ ...job, timeoutMs: 600_000 })],
  })
}

/** A run that holds a service of its own, and reads for as long as it may. */
async function hold(plan: string, changes: Parameters<typeof testHold>[0] = {}) {
  const name = `command:${plan}`
  const service = agent.host.add(name)
  agent.host.onCapture.set(`${plan}-data`, hang)
  const run = await startRun(testJob(plan, testHold({ services: [name], ...changes })))
  await until('it is being read', () =>
    agent.host.captures.some(({ source }) => source.name === `${plan}-data`),
  )
  return { name, service, run, guard: agent.client.workflow.getHandle(workflowIds.guard(TEST_HOST, name)) }
}

const leaseOn = async (service: string, changes: Partial<Lease> = {}): Promise<Lease> => ({
  leaseId: randomUUID(),
  kind: 'read',
  holder: { workflowId: holder.workflowId, runId: (await holder.describe()).runId },
  service,
  mode: 'stop',
  maxDowntimeMs: 60_000,
  stopTimeoutMs: 1000,
  healthyWithinMs: 1000,
  ...changes,
})

const acquire = (lease: Lease) => acquireOf(agent, lease)

const refusalOf = (answer: Promise<unknown>): Promise<string | undefined> =>
  answer.then(
    () => undefined,
    (error: unknown) => errorOf(error)?.code,
  )

const release = (lease: Lease) =>
  agent.client.workflow
    .getHandle(workflowIds.guard(TEST_HOST, lease.service))
    .signal('release', { leaseId: lease.leaseId, outcome: 'done' })

const isBack = (service: { state: string }) => until('the service is back', () => service.state === 'running')

test('a holder that is terminated gives its service back', async () => {
  const { service, run } = await hold('terminated')

  await run.terminate()

  await isBack(service)
  expect(service.events).toEqual(['stop', 'start'])
})

test('a guard that is cancelled starts the service; what was read under it is inconsistent', async () => {
  const { service, guard, run } = await hold('guard-cancelled')

  await guard.cancel()

  await isBack(service)
  await expect(guard.result()).resolves.toMatchObject({ outcome: 'started' })
  await run.cancel()
})

test('a guard that is cancelled under a write lease alarms, and the service stays down', async () => {
  const service = agent.host.add('command:write-cancelled')
  const lease = await leaseOn('command:write-cancelled', { kind: 'write', restoreId: 'r/1' })
  await acquire(lease)
  const guard = agent.client.workflow.getHandle(workflowIds.guard(TEST_HOST, lease.service))

  await guard.cancel()

  await expect(guard.result()).rejects.toThrow()
  expect(service.state).toBe('stopped')
  expect(agent.host.alarms.has('write-lease/command:write-cancelled')).toBe(true)
})

test('a late joiner shares the hold; one that would cut it short has to wait', async () => {
  const service = agent.host.add('command:joined')
  const first = await leaseOn('command:joined')
  const grant = await acquire(first)
  const second = await leaseOn('command:joined', { maxDowntimeMs: 600_000 })

  expect(await acquire(second)).toMatchObject({ stoppedAt: grant.stoppedAt, deadlineAt: grant.deadlineAt })
  expect(await refusalOf(acquire(await leaseOn('command:joined', { maxDowntimeMs: 1000 })))).toBe(
    'lease.busy',
  )

  await release(first)
  await release(second)
  await isBack(service)
  expect(service.events).toEqual(['stop', 'start'])
})

test('who comes when half of the hold is over waits for the next', async () => {
  const service = agent.host.add('command:late')
  const first = await leaseOn('command:late', { maxDowntimeMs: 8000 })
  const { stoppedAt } = await acquire(first)
  await until('half of it is over', () => Date.now() > Date.parse(stoppedAt) + 4000)

  const refusal = await refusalOf(acquire(await leaseOn('command:late')))

  expect(refusal).toBe('lease.busy')
  expect(service.state).toBe('stopped')
  await release(first)
})

test('asking again for the same lease, when its grant was lost, gets the same grant', async () => {
  agent.host.add('command:lost-grant')
  const lease = await leaseOn('command:lost-grant')
  const grant = await acquire(lease)

  expect(await acquire(lease)).toEqual(grant)

  await release(lease)
})

test('a lease that was released during the stop is refused for good, and the service comes back', async () => {
  const service = agent.host.add('command:overtaken')
  agent.host.onStop.set('command:overtaken', (_, signal) => pause(1000, signal))
  const lease = await leaseOn('command:overtaken')
  const answer = refusalOf(acquire(lease))
  await until('it is being stopped', () => agent.host.journal.has('command:overtaken'))

  await release(lease)

  expect(await answer).toBe('lease.released')
  await isBack(service)
})

test('a stop that hangs is cancelled at the deadline, and the service started', async () => {
  const service = agent.host.add('command:slow-stop')
  agent.host.onStop.set('command:slow-stop', hang)

  const refusal = await refusalOf(acquire(await leaseOn('command:slow-stop', { maxDowntimeMs: 1000 })))

  expect(refusal).toBe('lease.expired')
  await until('nothing is owed any more', () => !agent.host.journal.has('command:slow-stop'))
  expect(service.state).toBe('running')
})

test('a stop that is denied is told with its cause, and what was begun is undone', async () => {
  const service = agent.host.add('command:denied')
  agent.host.onStop.set('command:denied', async () => {
    throw new HoldfastError('docker.denied', 'No rights.')
  })

  const refusal = await refusalOf(acquire(await leaseOn('command:denied')))

  expect(refusal).toBe('docker.denied')
  await until('nothing is owed any more', () => !agent.host.journal.has('command:denied'))
  expect(service.state).toBe('running')
})

test('a start that fails for a while is tried until it works; an alarm says so meanwhile', async () => {
  const service = agent.host.add('command:port-taken')
  let tries = 0
  const alarms: boolean[] = []
  agent.host.onStart.set('command:port-taken', async () => {
    alarms.push(agent.host.alarms.has('not-restarted/command:port-taken'))
    // The first two are for Temporal to repeat, the third needs somebody.
    if (++tries <= 2) throw new HoldfastError('service.start-failed', 'The port is taken.')
    if (tries === 3) throw new HoldfastError('docker.denied', 'No rights.')
  })
  const lease = await leaseOn('command:port-taken')
  await acquire(lease)

  await release(lease)

  await isBack(service)
  expect(alarms).toEqual([false, false, false, true])
  await until('the alarm is resolved', () => !agent.host.alarms.has('not-restarted/command:port-taken'))
})

test('a dozen holders at once share one stop and one start', async () => {
  const service = agent.host.add('command:crowd')
  const leases = await Promise.all(Array.from({ length: 12 }, () => leaseOn('command:crowd')))

  // Only ten may be asked at once; who is refused asks again, as the activity does.
  const isGranted = (lease: Lease) =>
    acquire(lease).then(
      () => true,
      () => false,
    )
  await Promise.all(leases.map((lease) => until('it is granted', () => isGranted(lease))))
  await Promise.all(leases.map(release))

  await isBack(service)
  expect(service.events).toEqual(['stop', 'start'])
})
