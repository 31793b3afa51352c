import { msToTs } from '@temporalio/common/lib/time.js'
import { errorOf } from '../../core/failure.js'
import { taskQueues, workflowIds } from '../../core/ids.js'
import { testHold } from '../support/backup-jobs.js'
import { startTestAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { startOwnTemporal, type TestTemporal } from '../support/temporal.js'
import { until } from '../support/until.js'
import { bundleFromSources } from '../support/workflow-bundle.js'

let temporal: TestTemporal
let agent: TestAgent

beforeAll(async () => {
  const [server, bundle] = await Promise.all([startOwnTemporal(), bundleFromSources()])
  temporal = server
  const isServed = (taskQueue: string) => taskQueue !== taskQueues.swap(TEST_HOST)
  agent = await startTestAgent(temporal, bundle, { isServed })
})

afterAll(async () => {
  await agent?.close()
  await temporal?.stop()
})

function restorable(plan: string) {
  const name = `command:${plan}`
  const backupId = `20261120-013000-${plan}-abcdef`
  const of = { backupId, destination: 'disk', host: TEST_HOST }
  const restoreId = `${backupId}/1`
  const hold = testHold({ services: [name] })
  return { name, service: agent.host.add(name), plan, of, restoreId, hold, request: { reference: of } }
}

/** The swap of the run waits in vain. */
async function failureOf(workflow: string, workflowId: string, input: object): Promise<unknown> {
  const handle = await agent.client.workflow.start(workflow, {
    ...{ taskQueue: taskQueues.orchestrator, workflowId },
    args: [{ host: TEST_HOST, ...input }],
  })
  await until('the swap waits', async () => {
    const { raw } = await handle.describe()
    return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'swapRestore')
  })
  await giveUpSoon(workflowId)
  return errorOf(await handle.result().catch((thrown: unknown) => thrown))?.code
}

test('a swap that no worker took leaves the old data in use: the services start', async () => {
  const { service, plan, of, restoreId, hold, request } = restorable('untaken')
  const items = [{ source: 'data', type: 'files', effects: [], bytes: 1, notCaptured: 0 }]
  agent.host.previews.set(restoreId, { ...of, plan, takenAt: '', items, hold, warnings: [] })

  const code = await failureOf('restoreRun', workflowIds.restore(restoreId), { request, restoreId })

  expect(code).toBe('agent.offline')
  expect(service).toMatchObject({ state: 'running', events: ['stop', 'start'] })
  expect(agent.host.discardedRestores).toEqual([restoreId])
  expect(agent.host.alarms.size).toBe(0)
})

test('a resumed swap that no worker took starts nothing: the one before may be on its way', async () => {
  const { name, service, plan, of, restoreId, hold, request } = restorable('resumed')
  const sources = [{ source: 'data', type: 'files' }]
  agent.host.restores.set(restoreId, {
    ...{ ...of, restoreId, startedAt: '', state: 'staged', scope: { plan, sources, hold }, request },
    items: [{ source: 'data', type: 'files', restoreId, moves: [] }],
  })

  const workflowId = workflowIds.restoreAttempt(restoreId, 2)
  const code = await failureOf('restoreEndRun', workflowId, { restoreId, verb: 'resume' })

  expect(code).toBe('agent.offline')
  await until('the alarm', () => agent.host.alarms.has(`write-lease/${name}`))
  expect(service).toMatchObject({ state: 'stopped', events: ['stop'] })
})

/** The time that a swap waits for a worker is too long for a test. */
const giveUpSoon = (workflowId: string) =>
  agent.client.workflowService.updateActivityOptions({
    namespace: temporal.namespace,
    execution: { workflowId },
    type: 'swapRestore',
    activityOptions: { scheduleToStartTimeout: msToTs('1s') },
    updateMask: { paths: ['schedule_to_start_timeout'] },
  })
