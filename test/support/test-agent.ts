import { Client, WithStartWorkflowOperation } from '@temporalio/client'
import type { Workflow } from '@temporalio/common'
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker'
import { randomUUID } from 'node:crypto'
import { taskQueues, workflowIds } from '../../core/ids.js'
import type { Lease, LeaseGrant } from '../../core/work/holds.js'
import { translateFailures } from '../../worker/interceptors.js'
import { queuesOf } from '../../worker/queues.js'
import { FakeHost, fakeActivities } from '../fakes/activities.js'
import { fakeLog } from '../fakes/log.js'
import { fakeSite } from '../fakes/site.js'
import { startOwnTemporal, type TestTemporal } from './temporal.js'
import { bundleFromSources } from './workflow-bundle.js'

export interface TestAgent {
  readonly client: Client
  readonly host: FakeHost
  close(): Promise<void>
}

export const TEST_HOST = 'nas'

export interface TestAgentOptions {
  /** Default: `TEST_HOST`, which also runs what no host is named for. */
  readonly hostName?: string
  /** Default: all queues are. */
  readonly isServed?: (taskQueue: string) => boolean
}

/** Workers on all queues of one host, with fake activities. */
export async function startTestAgent(
  temporal: TestTemporal,
  bundle: WorkflowBundle,
  { hostName = TEST_HOST, isServed = () => true }: TestAgentOptions = {},
): Promise<TestAgent> {
  installQuietRuntime()
  const { address, namespace } = temporal
  const connection = await NativeConnection.connect({ address })
  const client = new Client({ connection, namespace })
  const host = new FakeHost(hostName)
  const site = fakeSite({ host: hostName })
  const activities = fakeActivities(host, { client, clock: () => new Date(), site })
  const translate = translateFailures({ log: fakeLog(), redact: (text) => text })
  // Where the product limits what goes on at once, so does the agent: a stop must find its slot here as there.
  const queues = queuesOf('all', hostName, site.limits).filter(
    ({ role, taskQueue }) => (role !== 'orchestrator' || hostName === TEST_HOST) && isServed(taskQueue),
  )
  const workers = await Promise.all(
    queues.map(({ taskQueue, runs, options: { maxConcurrentActivityTaskExecutions: slots } }) =>
      Worker.create({
        connection,
        namespace,
        taskQueue,
        activities,
        interceptors: { activity: [translate] },
        ...(slots === undefined ? {} : { maxConcurrentActivityTaskExecutions: slots }),
        shutdownGraceTime: 0,
        shutdownForceTime: '5s',
        maxHeartbeatThrottleInterval: '500ms',
        defaultHeartbeatThrottleInterval: '500ms',
        ...(runs === 'activities' ? {} : { workflowBundle: bundle }),
      }),
    ),
  )
  const running = Promise.all(workers.map((worker) => worker.run()))
  running.catch(() => undefined)
  return {
    client,
    host,
    close: async () => {
      for (const worker of workers) worker.shutdown()
      await running.catch(() => undefined)
      await connection.close()
    },
  }
}

/** An agent with a server of its own, which ends with it: for the tests of one file. */
export async function startOwnAgent(): Promise<TestAgent> {
  const [temporal, bundle] = await Promise.all([startOwnTemporal(), bundleFromSources()])
  const agent = await startTestAgent(temporal, bundle)
  return {
    ...agent,
    close: async () => {
      await agent.close()
      await temporal.stop()
    },
  }
}

/** On a busy machine; the client's own limit of a call is 10 seconds. */
const ACQUIRE_LIMIT_MS = 60_000

/** Asks the guard of a service for a lease as the activity does it, without its retries. */
export function acquireOf({ client }: TestAgent, lease: Lease): Promise<LeaseGrant> {
  return client.withDeadline(Date.now() + ACQUIRE_LIMIT_MS, () =>
    client.workflow.executeUpdateWithStart<Workflow, LeaseGrant, [Lease]>('acquire', {
      updateId: randomUUID(),
      args: [lease],
      startWorkflowOperation: new WithStartWorkflowOperation('serviceGuard', {
        workflowId: workflowIds.guard(TEST_HOST, lease.service),
        taskQueue: taskQueues.control(TEST_HOST),
        args: [{ host: TEST_HOST, service: lease.service }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      }),
    }),
  )
}

/** Once per process: a second one is refused. */
export function installQuietRuntime(): void {
  const logger = new DefaultLogger('ERROR')
  const telemetryOptions = { logging: { forward: {}, filter: 'OFF' } } as const
  try {
    Runtime.install({ logger, shutdownSignals: [], telemetryOptions })
  } catch {
    // Installed by an earlier agent of this process.
  }
}
