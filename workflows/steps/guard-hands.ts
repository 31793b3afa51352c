import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import { assertNever } from '../../core/assert.js'
import type { ErrorReport } from '../../core/errors.js'
import { reportOf } from '../../core/errors.js'
import { errorOf } from '../../core/failure.js'
import type { GuardCommand, GuardEvent, HoldWindow } from '../../core/guard-state.js'
import { formatDuration } from '../../core/units.js'
import type { Lease } from '../../core/work.js'
import type { GuardResult } from '../guard.js'
import { alarmActivities, controlActivities, waitActivities } from '../proxies.js'
import { leaseRevokedSignal, serviceReportSignal, tell } from './signals.js'

type Command<T extends GuardCommand['type']> = Extract<GuardCommand, { type: T }>

/** A restore may take its time; a person is told when it is this long. */
const WRITE_OVERDUE_MS = 4 * 3_600_000
/** Beyond what a healthy start may take. */
const SLOW_START_MARGIN_MS = 60_000
/** Services that this one needs are waited for at most this long. */
const START_AFTER_LIMIT_MS = 60_000
const FIRST_LOOK_MS = 500

/** What carries out a guard's decisions, and reports what came of them as events. */
export interface GuardHands {
  perform(command: GuardCommand): void
  /** The guard has decided to close, and everything that it began to say was said. */
  closed(): Promise<GuardResult>
}

export function guardHands({
  host,
  service,
  report,
}: {
  host: string
  service: string
  report: (event: GuardEvent) => void
}): GuardHands {
  const watches = new Map<string, CancellationScope>()
  const alarms = alarmActivities(host, 'guard')
  let window: HoldWindow | undefined
  let clock: CancellationScope | undefined
  let stopping: CancellationScope | undefined
  let saying = 0
  let closing: GuardResult | undefined

  /** What is said to others neither delays a start nor fails because they are gone; but it is said before we close. */
  const say = (what: string, work: () => Promise<unknown>): void => {
    saying++
    void work()
      .catch((error: unknown) => log.warn('could not tell', { what, error: String(error) }))
      .finally(() => saying--)
  }

  const observe = async ({ alsoObserve }: Command<'observe'>) => {
    const { observeService } = controlActivities(host)
    try {
      const others = alsoObserve.map((other) => observeService(other).catch(() => undefined))
      const observed = await observeService(service)
      const running = (await Promise.all(others)).flatMap((other) =>
        other?.state === 'running' ? [other.service] : [],
      )
      report({ type: 'observed', observed, running })
    } catch (thrown) {
      report({ type: 'observe-failed', error: reportOfThrown(thrown) })
    }
  }

  const stop = async (command: Command<'stop'>) => {
    window = command.window
    startClock(command.window)
    setCurrentDetails(detailsOf(service, command.window))
    const { workflowId, runId } = workflowInfo()
    const { kind, startAfter: _, maxDowntimeMs: __, ...request } = command.window
    const { stopService } = controlActivities(host, {
      stopTimeoutMs: request.stopTimeoutMs,
      healthyWithinMs: 0,
    })
    stopping = new CancellationScope()
    try {
      const result = await stopping.run(() =>
        stopService({
          ...request,
          service,
          observed: command.observed,
          lease: kind,
          guard: { workflowId, runId },
        }),
      )
      report({ type: 'stopped', stateBefore: result.stateBefore })
    } catch (thrown) {
      report({ type: 'stop-failed', error: reportOfThrown(thrown) })
    }
  }

  const startClock = ({ kind, maxDowntimeMs }: HoldWindow) => {
    clock = new CancellationScope()
    const limit = kind === 'read' ? maxDowntimeMs : WRITE_OVERDUE_MS
    const summary = kind === 'read' ? 'longest downtime allowed' : 'a restore that takes very long'
    void clock
      .run(() => sleep(limit, { summary }))
      .then(() => report({ type: kind === 'read' ? 'deadline' : 'overdue' }), ignoreCancellation)
  }

  const start = async ({ healthyWithinMs, lease, startAfter, delayMs }: Command<'start'>) => {
    clock?.cancel()
    const { startService } = controlActivities(host, {
      stopTimeoutMs: window?.stopTimeoutMs ?? 0,
      healthyWithinMs,
    })
    const slow = new CancellationScope()
    try {
      if (delayMs > 0) await sleep(delayMs, { summary: 'before the next start' })
      await whenRunning(host, startAfter)
      void slow
        .run(() => sleep(healthyWithinMs + SLOW_START_MARGIN_MS, { summary: 'a start that takes long' }))
        .then(() => report({ type: 'start-slow' }), ignoreCancellation)
      report({ type: 'started', result: await startService({ service, healthyWithinMs, lease }) })
    } catch (thrown) {
      report({ type: 'start-failed', error: reportOfThrown(thrown) })
    } finally {
      slow.cancel()
    }
  }

  const watch = (lease: Lease) => {
    const scope = new CancellationScope()
    watches.set(lease.leaseId, scope)
    const { leaseId, holder } = lease
    void scope
      .run(() => waitActivities(host).watchHolder(holder.workflowId, holder.runId))
      .then(
        (how) => report({ type: 'holder-gone', leaseId, how }),
        // A watch that fails says nothing about the holder: the deadline still protects the service.
        (error: unknown) => {
          if (!isCancellation(error)) log.warn('holder is not watched', { leaseId, error: String(error) })
        },
      )
  }

  const perform = (command: GuardCommand): void => {
    switch (command.type) {
      case 'observe':
        return void observe(command)
      case 'stop':
        return void stop(command)
      case 'cancel-stop':
        return stopping?.cancel()
      case 'start':
        return void start(command)
      case 'watch':
        return watch(command.lease)
      case 'unwatch':
        return watches.get(command.leaseId)?.cancel()
      case 'revoke':
        return say('revoke', () => revoke(service, command))
      case 'report':
        return say('report', () => reportTo(command))
      case 'alarm':
        return say('alarm', () => alarms.raiseAlarm(command.alarm))
      case 'resolve-alarm':
        return say('resolved', () => alarms.resolveAlarm(command.cause))
      case 'close':
        clock?.cancel()
        closing = { outcome: command.outcome, reason: command.reason }
        return
      default:
        return assertNever(command)
    }
  }

  return {
    // Events come from handlers too, which run in the root scope: what they begin must survive the guard's cancellation.
    perform: (command) => void CancellationScope.nonCancellable(async () => perform(command)),
    closed: async () => {
      await condition(() => closing !== undefined && saying === 0)
      return closing as GuardResult
    },
  }
}

const revoke = (service: string, { lease, reason }: Command<'revoke'>) =>
  tell(lease.holder, (holder) =>
    holder.signal(leaseRevokedSignal, { leaseId: lease.leaseId, service, reason }),
  )

const reportTo = ({ lease, report }: Command<'report'>) =>
  tell(lease.holder, (holder) => holder.signal(serviceReportSignal, { leaseId: lease.leaseId, report }))

/** Returns when all of these run, or at the limit: the service itself is worth more than its order. */
async function whenRunning(host: string, services: readonly string[]): Promise<void> {
  if (services.length === 0) return
  let isRunning = false
  const looking = new CancellationScope()
  void looking
    .run(() => lookUntilRunning(host, services))
    .then(() => {
      isRunning = true
    }, ignoreCancellation)
  await condition(() => isRunning, START_AFTER_LIMIT_MS)
  looking.cancel()
}

async function lookUntilRunning(host: string, services: readonly string[]): Promise<void> {
  const { observeService } = controlActivities(host)
  let missing = services
  // Ends with its scope, at the limit: the pauses double, so it looks a handful of times.
  for (let pause = FIRST_LOOK_MS; ; pause *= 2) {
    const seen = await Promise.all(missing.map((service) => observeService(service).catch(() => undefined)))
    missing = missing.filter((_, i) => seen[i]?.state !== 'running')
    if (missing.length === 0) return
    await sleep(pause, { summary: `before looking again at ${missing.join(', ')}` })
  }
}

/** A bug of an activity ends its attempt like a failure of the world: the guard goes on. */
function reportOfThrown(thrown: unknown): ErrorReport {
  const error = errorOf(thrown)
  return error === undefined
    ? { code: 'bug', kind: 'bug', message: String((thrown as Error).cause ?? thrown) }
    : reportOf(error)
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error
}

const detailsOf = (service: string, { kind, mode, maxDowntimeMs, stopRequestedAt, deadlineAt }: HoldWindow) =>
  [
    `**${service}**: ${mode} since ${stopRequestedAt}, for a ${kind === 'read' ? 'backup' : 'restore'}.`,
    deadlineAt === undefined
      ? 'It starts when the restore says so.'
      : `It starts at ${deadlineAt} at the latest (${formatDuration(maxDowntimeMs)}).`,
  ].join('\n\n')
