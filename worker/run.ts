import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { Worker } from '@temporalio/worker'
import type { Activities } from '../activities/activities.js'
import { createActivities } from '../activities/index.js'
import { sweepRehearsals } from '../activities/rehearsals.js'
import { sources } from '../activities/sources/registry.js'
import type { Tools } from '../activities/tools.js'
import { messageOf } from '../core/causes.js'
import type { Site } from '../core/site.js'
import { hasErrors } from '../plan/issues.js'
import { loadPlans } from '../site/plans.js'
import { connectClient, connectWorker, type WorkerConnection } from '../temporal/connection.js'
import { packageRoot } from '../temporal/package-root.js'
import { READY_MESSAGE } from './child.js'
import { FRESHNESS_EVERY_MS, watchFreshness } from './freshness.js'
import { translateFailures } from './interceptors.js'
import { identityOf, machineId, refuseSecondMachine } from './machine.js'
import { queuesOf, type Queue, type Role } from './queues.js'
import { watchRestores } from './restore-watch.js'
import { restartDelayMs, endsInARow } from './restart.js'
import { installRuntime } from './runtime.js'
import { stopRequestsOfChild } from './signals.js'
import { localTools, toolsWith, type LocalTools } from './tools.js'
import { createGuardAsker } from './guard-seen.js'
import { runWatchdog, WATCHDOG_LIMITS, type WatchdogLimits } from './watchdog.js'

export interface WorkerRunOptions {
  /** Stops in order. Default: signals of the process, and the end of the agent that started it. */
  readonly signal?: AbortSignal
  /** Default: tells the agent that started us. */
  readonly onReady?: () => void
  /** Default: the bundle of the build. */
  readonly workflowBundle?: string
  /** Tests have less patience. */
  readonly watchdog?: WatchdogLimits
  /** Of this boot of the host. Default: what the kernel says; tests pretend that the host was booted. */
  readonly bootId?: string
}

/**
 * Serves the queues of a role until it is told to stop. While Temporal is away it waits, and comes back by itself: it never
 * ends for that. Once per process.
 */
export async function runWorker(site: Site, role: Role, options: WorkerRunOptions = {}): Promise<void> {
  const { signal = stopRequestsOfChild(), onReady = () => process.send?.(READY_MESSAGE) } = options
  const local = await localTools(site, {
    environment: process.env,
    logBase: { role, host: site.host },
    ...(options.bootId === undefined ? {} : { bootId: options.bootId }),
  })
  const { log } = local
  const endRuntime = installRuntime(log, local.clock)
  log.info('worker starts', { pid: process.pid })
  if (CAPTURING.has(role)) await sweepSpool(local)
  // Before any connection, and whether or not there ever is one.
  const watching = Promise.all([
    WATCHING.has(role) ? watch(site, local, signal, options.watchdog) : undefined,
    LOOKING.has(role) ? lookForFreshness(site, local, signal) : undefined,
  ])
  let ends = 0
  while (!signal.aborted) {
    const startedAt = Date.now()
    try {
      await serve(site, role, local, { ...options, signal, onReady })
    } catch (error) {
      ends = endsInARow(ends, Date.now() - startedAt)
      const retryInMs = restartDelayMs(ends)
      log.warn('worker tries again', {
        reason: messageOf(error),
        retryInMs,
      })
      await delay(retryInMs, undefined, { signal }).catch(() => undefined)
    }
  }
  await watching
  if (CAPTURING.has(role)) await local.spool.close()
  await endRuntime()
  log.info('worker has stopped')
}

/** The roles that read sources have a spool. */
const CAPTURING: ReadonlySet<Role> = new Set(['data', 'all'])

/** What is left only takes room: no reason not to start. */
const sweepSpool = ({ spool, log }: LocalTools): Promise<void> =>
  spool.sweep().catch((error: unknown) => log.warn('spool was not swept', { reason: String(error) }))

/** What rehearsed restores have left is no reason not to start, either. */
const sweepTrials = (tools: Tools, signal: AbortSignal): Promise<void> =>
  sweepRehearsals({ tools, drivers: sources, signal }).catch((error: unknown) =>
    tools.log.warn('rehearsed restores were not swept', { reason: String(error) }),
  )

/** The roles that stop and start services look after the journal, too, and after restores. */
const WATCHING: ReadonlySet<Role> = new Set(['control', 'all'])

/** The roles that see the destinations look how old the backups there are. */
const LOOKING: ReadonlySet<Role> = new Set(['data', 'all'])

function lookForFreshness(site: Site, local: LocalTools, signal: AbortSignal): Promise<void> {
  const plans = async () => {
    const { plans: read, issues } = await loadPlans(site)
    return { plans: read, areAllRead: !hasErrors(issues) }
  }
  return watchFreshness(local, { plans, everyMs: FRESHNESS_EVERY_MS, signal })
}

async function watch(
  site: Site,
  local: LocalTools,
  signal: AbortSignal,
  limits: WatchdogLimits = WATCHDOG_LIMITS,
): Promise<void> {
  const asker = () => createGuardAsker(() => connectClient(site, { ...local, retries: false }), local.clock)
  await Promise.all([
    runWatchdog(local, { limits, guards: asker(), signal }),
    watchRestores(local, { ...limits, runs: asker(), signal }),
  ])
}

async function serve(
  site: Site,
  role: Role,
  local: LocalTools,
  options: WorkerRunOptions & { signal: AbortSignal; onReady: () => void },
): Promise<void> {
  const own = await connectClient(site, local)
  try {
    const machine = await machineId(site.stateDir, local.random)
    if (role !== 'orchestrator') {
      await refuseSecondMachine(own.client, { host: site.host, machine, now: local.clock() })
    }
    const connection = await connectWorker(site, local)
    const tools = toolsWith(local, own.client)
    try {
      const workers = await createWorkers(connection, {
        queues: queuesOf(role, site.host, site.limits),
        machine,
        activities: createActivities(tools),
        codePath: options.workflowBundle ?? join(packageRoot(), 'dist', 'workflows.bundle.js'),
        local,
      })
      const sweeping = CAPTURING.has(role) ? sweepTrials(tools, options.signal) : undefined
      await runAll(workers, options)
      await sweeping
    } finally {
      await connection.close()
    }
  } finally {
    await own.close()
  }
}

interface WorkerParts {
  readonly queues: readonly Queue[]
  readonly machine: string
  readonly activities: Activities
  readonly codePath: string
  readonly local: LocalTools
}

/** Every worker knows every activity; which queue one runs on is said in one place, by the workflows. */
const createWorkers = (
  { connection, namespace }: WorkerConnection,
  { queues, machine, activities, codePath, local }: WorkerParts,
): Promise<Worker[]> =>
  Promise.all(
    queues.map(({ taskQueue, runs, options }) =>
      Worker.create({
        ...options,
        connection,
        namespace,
        taskQueue,
        identity: identityOf({ taskQueue, machine, pid: process.pid }),
        // A cancellation comes with the answer to a heartbeat; by default those may be a minute apart.
        maxHeartbeatThrottleInterval: '3s',
        defaultHeartbeatThrottleInterval: '3s',
        ...(runs === 'workflows'
          ? {}
          : { activities, interceptors: { activity: [translateFailures(local)] } }),
        ...(runs === 'activities' ? {} : { workflowBundle: { codePath } }),
      }),
    ),
  )

async function runAll(
  workers: readonly Worker[],
  { signal, onReady }: { signal: AbortSignal; onReady: () => void },
): Promise<void> {
  const shutDown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  const runs = workers.map((worker) => worker.run())
  signal.addEventListener('abort', shutDown)
  if (signal.aborted) shutDown()
  else onReady()
  try {
    await Promise.all(runs)
  } finally {
    signal.removeEventListener('abort', shutDown)
    // One that failed takes the others along: half a role is worse than a restart.
    shutDown()
    await Promise.allSettled(runs)
  }
}
