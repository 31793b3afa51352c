import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { taskQueues, workflowIds } from '../../core/ids.js'
import type { Lease } from '../../core/work.js'
import { hang, pause } from '../fakes/activities.js'
import { testJob, testRun } from '../support/backup-jobs.js'
import { acquireOf, startOwnAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'

// R19 of docs/guarantees.md. Half of the services are given back by all of their holders, half by nobody.

const SERVICES = 50
const LEASES_EACH = 4
const MAX_DOWNTIME_MS = 10_000
const STOP_MS = 200
/** A machine with nothing else to do is late by less than 5 s, as for a single service (R9); this one runs other tests as well. */
const LATE_MS = 20_000

let agent: TestAgent
let holder: WorkflowHandle

beforeAll(async () => {
  agent = await startOwnAgent()
  agent.host.onCapture.set('holder-live', hang)
  holder = await agent.client.workflow.start('backupRun', {
    taskQueue: taskQueues.orchestrator,
    workflowId: 'backup/holder',
    args: [testRun(testJob('holder'))],
  })
}, 60_000)

afterAll(() => agent?.close())

const acquire = (lease: Lease) => acquireOf(agent, lease)

const release = ({ service, leaseId }: Lease) =>
  agent.client.workflow
    .getHandle(workflowIds.guard(TEST_HOST, service))
    .signal('release', { leaseId, outcome: 'done' })

test('R19 200 leases on 50 services at once: each is stopped and started once, and no longest downtime is exceeded', async () => {
  const { runId } = await holder.describe()
  const names = Array.from({ length: SERVICES }, (_, index) => `command:many-${index}`)
  const startedAt = new Map<string, number>()
  for (const name of names) {
    agent.host.add(name)
    agent.host.onStop.set(name, (_, signal) => pause(STOP_MS, signal))
    agent.host.onStart.set(name, async () => void startedAt.set(name, Date.now()))
  }
  const given = new Set(names.slice(0, SERVICES / 2))
  const leasesOn = (service: string) =>
    Array.from({ length: LEASES_EACH }, (): Lease => ({
      leaseId: randomUUID(),
      kind: 'read',
      holder: { workflowId: holder.workflowId, runId },
      service,
      mode: 'stop',
      maxDowntimeMs: MAX_DOWNTIME_MS,
      stopTimeoutMs: 1000,
      healthyWithinMs: 1000,
    }))

  const grants = await Promise.all(
    names.map(async (name) => {
      const leases = leasesOn(name)
      const granted = await Promise.all(leases.map(acquire))
      if (given.has(name)) await Promise.all(leases.map(release))
      return granted
    }),
  )
  await until('all are back', () => names.every((name) => agent.host.journal.get(name) === undefined), 60_000)

  const downtimes = grants.map(
    ([grant], index) => startedAt.get(names[index]!)! - new Date(grant!.stoppedAt).getTime(),
  )
  expect(grants.flat()).toHaveLength(SERVICES * LEASES_EACH)
  expect(Math.max(...downtimes)).toBeLessThan(MAX_DOWNTIME_MS + LATE_MS)
  expect(names.map((name) => agent.host.find(name).events)).toEqual(names.map(() => ['stop', 'start']))
  await holder.terminate()
}, 120_000)
