import { CancellationScope, condition, isCancellation, sleep, workflowInfo } from '@temporalio/workflow'
import { reportOf, type ErrorReport } from '../../core/errors.js'
import { errorOf } from '../../core/failure.js'
import type { GuardCommand, GuardEvent } from '../../core/guard-state.js'
import type { ObservedService } from '../../core/work/holds.js'
import { controlActivities } from '../proxies.js'

/** What a guard asks of its host: each ends with the event that came of it, whatever happens. */

export type Command<T extends GuardCommand['type']> = Extract<GuardCommand, { type: T }>

export interface Guarded {
  readonly host: string
  /** Canonical reference. */
  readonly service: string
}

/** Beyond what a healthy start may take. */
const SLOW_START_MARGIN_MS = 60_000
const FIRST_LOOK_MS = 500

export async function observe(
  { host, service }: Guarded,
  { alsoObserve }: Command<'observe'>,
): Promise<GuardEvent> {
  const { observeService } = controlActivities(host)
  try {
    const others = seenOf(host, alsoObserve)
    const observed = await observeService(service)
    const running = (await others).filter(({ state }) => state === 'running')
    return { type: 'observed', observed, running: running.map((other) => other.service) }
  } catch (thrown) {
    return { type: 'observe-failed', error: reportOfThrown(thrown) }
  }
}

export async function stop(
  { host, service }: Guarded,
  { window, observed, healthyWithinMs }: Command<'stop'>,
): Promise<GuardEvent> {
  const { workflowId, runId } = workflowInfo()
  const { kind, mode, stopTimeoutMs, stopRequestedAt, deadlineAt, startAfter, restoreId } = window
  const { stopService } = controlActivities(host, { stopTimeoutMs, healthyWithinMs: 0 })
  try {
    const { stateBefore } = await stopService({
      service,
      observed,
      mode,
      stopTimeoutMs,
      healthyWithinMs,
      stopRequestedAt,
      ...(deadlineAt === undefined ? {} : { deadlineAt }),
      lease: kind,
      ...(restoreId === undefined ? {} : { restoreId }),
      ...(startAfter.length === 0 ? {} : { startAfter }),
      guard: { workflowId, runId },
    })
    return { type: 'stopped', stateBefore }
  } catch (thrown) {
    return { type: 'stop-failed', error: reportOfThrown(thrown) }
  }
}

/** `onSlow`: it is still being tried, far beyond the time that it should take. */
export async function start(
  { host, service }: Guarded,
  { healthyWithinMs, lease, startAfter, startAfterMs, delayMs }: Command<'start'>,
  { stopTimeoutMs, onSlow }: { stopTimeoutMs: number; onSlow: () => void },
): Promise<GuardEvent> {
  const { startService } = controlActivities(host, { stopTimeoutMs, healthyWithinMs })
  const slow = new CancellationScope()
  try {
    if (delayMs > 0) await sleep(delayMs, { summary: 'before the next start' })
    await whenRunning(host, startAfter, startAfterMs)
    void slow
      .run(() => sleep(healthyWithinMs + SLOW_START_MARGIN_MS, { summary: 'a start that takes long' }))
      .then(onSlow, ignoreCancellation)
    return { type: 'started', result: await startService({ service, healthyWithinMs, lease }) }
  } catch (thrown) {
    return { type: 'start-failed', error: reportOfThrown(thrown) }
  } finally {
    slow.cancel()
  }
}

/** Returns when all of these run, past their first health checks, or at the limit: the service itself is worth more than its order. */
async function whenRunning(host: string, services: readonly string[], limitMs: number): Promise<void> {
  if (services.length === 0 || limitMs === 0) return
  let isRunning = false
  const looking = new CancellationScope()
  void looking
    .run(() => lookUntilRunning(host, services))
    .then(() => {
      isRunning = true
    }, ignoreCancellation)
  await condition(() => isRunning, limitMs)
  looking.cancel()
}

async function lookUntilRunning(host: string, services: readonly string[]): Promise<void> {
  let missing = services
  // Ends with its scope, at the limit: the pauses double, so it looks a handful of times.
  for (let pause = FIRST_LOOK_MS; ; pause *= 2) {
    const seen = await seenOf(host, missing)
    const isUp = (name: string) =>
      seen.some(
        ({ service, state, health }) => service === name && state === 'running' && health !== 'starting',
      )
    missing = missing.filter((name) => !isUp(name))
    if (missing.length === 0) return
    await sleep(pause, { summary: `before looking again at ${missing.join(', ')}` })
  }
}

/** Whatever fails: the order of services is not worth more than themselves. */
const seenOf = async (host: string, services: readonly string[]): Promise<readonly ObservedService[]> =>
  services.length === 0
    ? []
    : controlActivities(host)
        .observeServices(services)
        .catch(() => [])

/** A bug of an activity ends its attempt like a failure of the world: the guard goes on. */
function reportOfThrown(thrown: unknown): ErrorReport {
  const error = errorOf(thrown)
  if (error !== undefined) return reportOf(error)
  return { code: 'bug', kind: 'bug', message: String((thrown as Error).cause ?? thrown) }
}

export function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error
}
