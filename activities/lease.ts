import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import { ApplicationFailure, type Workflow } from '@temporalio/common'
import {
  WithStartWorkflowOperation,
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  isGrpcCancelledError,
  type Client,
} from '@temporalio/client'
import { HoldfastError } from '../core/errors.js'
import { grpc, grpcCodeOf } from '../core/grpc.js'
import { taskQueues, workflowIds } from '../core/ids.js'
import { messages, type LockRequestMessage } from '../core/messages.js'
import type { Lease, LeaseGrant } from '../core/work/holds.js'
import type { WaitActivities } from './activities.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/**
 * How long one look at a holder may last: a cancelled watch leaves its poll behind for at most this long. The server is not
 * told of it: it answers a poll whose deadline is near at once and with nothing, and the client asks again at once.
 */
const POLL_MS = 30_000
/**
 * Who asked for a watch does not wait for its end, so a cancellation may be late; and there are many, one for each service of
 * each run, for hours, and the server writes down every heartbeat.
 */
const WATCH_HEARTBEAT_MS = 6000
/** A server that is away has been asked for half a minute already, by the client itself. */
const AWAY_PAUSE_MS = 1000

export const leaseActivities = (tools: Tools): Omit<WaitActivities, 'nextRun' | 'findKeyRuns'> => ({
  acquireLease: (lease, host) => withHeartbeat(() => abandonable(acquire(tools.client, lease, host))),
  watchHolder: (workflowId, runId) =>
    withHeartbeat(
      () => watch(tools, workflowId, runId),
      () => undefined,
      WATCH_HEARTBEAT_MS,
    ),
  requestLock: ({ lock, places, request, host }) =>
    withHeartbeat(() =>
      abandonable(
        requestLock(tools.client, lock, {
          ...request,
          host,
          places: places === 'captures' ? tools.site.limits.parallelCaptures : places,
        }),
      ),
    ),
})

/** For calls to the server, which cannot be aborted and whose answer may be lost: leases and requests have ids of their own. */
const abandonable = <T>(call: Promise<T>): Promise<T> => Promise.race([call, Context.current().cancelled])

async function acquire(client: Client, lease: Lease, host: string): Promise<LeaseGrant> {
  const guard = new WithStartWorkflowOperation('serviceGuard', {
    workflowId: workflowIds.guard(host, lease.service),
    taskQueue: taskQueues.control(host),
    args: [{ host, service: lease.service }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `holds ${lease.service} still, and starts it again`,
  })
  try {
    return await client.workflow.executeUpdateWithStart<Workflow, LeaseGrant, [Lease]>(messages.acquire, {
      // Never the same twice: the server answers a known id from its record, even of a guard that has closed, and the
      // grant would be for a service that runs. The lease's own id makes a second try harmless.
      updateId: randomUUID(),
      args: [lease],
      startWorkflowOperation: guard,
    })
  } catch (error) {
    throw causeOfRefusal(error, lease)
  }
}

/** The guard's own answer, unwrapped: or its code and its "final" would be lost, and it would be asked for ever. */
function causeOfRefusal(error: unknown, lease: Lease): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
    return error.cause
  if (grpcCodeOf(error) === grpc.resourceExhausted) {
    return new HoldfastError('lease.busy', `Too many runs ask for ${lease.service} at once.`, {
      cause: error,
    })
  }
  return error
}

/** Only what the server says counts: closed, continued or not found. While it is away, it is asked again. */
async function watch({ client }: Tools, workflowId: string, runId: string): Promise<string> {
  const handle = client.workflow.getHandle(workflowId, runId, { followRuns: false })
  const { cancellationSignal } = Context.current()
  while (!cancellationSignal.aborted) {
    try {
      await abandonable(client.withAbortSignal(AbortSignal.timeout(POLL_MS), () => handle.result()))
      return 'completed'
    } catch (error) {
      if (error instanceof WorkflowFailedError) return failureName(error)
      if (error instanceof WorkflowContinuedAsNewError) return 'continued'
      if (error instanceof WorkflowNotFoundError) return 'not found'
      if (grpcCodeOf(error) === grpc.unavailable) await abandonable(delay(AWAY_PAUSE_MS))
      else if (!isGrpcCancelledError(error)) throw error
    }
  }
  return Context.current().cancelled
}

/** `TerminatedFailure` → `terminated`. */
const failureName = ({ cause }: WorkflowFailedError): string =>
  (cause?.constructor.name ?? 'Failed').replace(/Failure$/, '').toLowerCase()

async function requestLock(client: Client, lock: string, request: LockRequestMessage): Promise<void> {
  await client.workflow.signalWithStart('resourceLock', {
    workflowId: lock,
    taskQueue: taskQueues.orchestrator,
    args: [],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `who has ${lock.replace(/^lock\//, '')}, and who waits`,
    signal: messages.requestLock,
    signalArgs: [request],
  })
}
