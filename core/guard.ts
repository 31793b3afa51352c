import { assert, assertNever } from './assert.js'
import { abandon, restart, started, startFailed, startSlow } from './guard-start.js'
import { HoldfastError, reportOf, type ErrorReport } from './errors.js'
import { windowOf } from './guard-leases.js'
import { writeLeaseAlarm } from './hold-alarms.js'
import type { GuardCommand, GuardDecision, GuardEvent, GuardState } from './guard-state.js'
import type { Lease } from './work/holds.js'

export const newGuard = (service: string): GuardState => ({
  service,
  phase: 'idle',
  leases: [],
  released: [],
  reportTo: [],
  isCancelled: false,
  isDeadlinePassed: false,
  writeEnd: 'none',
})

/** A stop that was refused before anything was touched: a restore owns the start, or the agent is on its way out. */
const UNTOUCHED: ReadonlySet<ErrorReport['code']> = new Set([
  'restore.conflict',
  'lease.busy',
  'agent.stopping',
])

/**
 * What a guard does about one event, and why. Promises, whatever the order of events: what was stopped under a read
 * lease is started; what was stopped under a write lease is started only after `release(restored | undone)`, and
 * alarmed otherwise; a deadline never moves. `now` is workflow time in milliseconds.
 */
export function decide(state: GuardState, event: GuardEvent, now: number): GuardDecision {
  if (state.phase === 'done') return same(state)
  switch (event.type) {
    case 'acquire':
      return acquire(state, event.lease)
    case 'release':
      return release(state, event, now)
    case 'holder-gone':
      return endLease(state, event.leaseId, { how: 'gone', why: `its holder has ended (${event.how})` }, now)
    case 'observed':
      return observed(state, event, now)
    case 'observe-failed':
      return state.phase === 'observing' ? refuseAll(state, event.error) : same(state)
    case 'stopped':
      return state.phase === 'stopping'
        ? settle({ ...state, phase: 'stopped', stateBefore: event.stateBefore }, now)
        : same(state)
    case 'stop-failed':
      return state.phase === 'stopping' ? stopFailed(state, event.error, now) : same(state)
    case 'deadline':
      return deadline(state, now)
    case 'overdue':
      return state.phase === 'stopped'
        ? { state, commands: [writeAlarm(state, 'it lasts very long')] }
        : same(state)
    case 'cancel':
      return cancel(state, now)
    case 'idle':
      return state.phase === 'idle' ? close(state, 'nobody asked for a lease') : same(state)
    case 'start-slow':
      return startSlow(state)
    case 'started':
      return started(state, event.result)
    case 'start-failed':
      return startFailed(state, event.error, now)
    default:
      return assertNever(event)
  }
}

/** The first lease begins everything; one of the same restore takes the place of its forerunner. */
function acquire(state: GuardState, lease: Lease): GuardDecision {
  if (state.leases.some(({ leaseId }) => leaseId === lease.leaseId)) return same(state)
  const replaced = state.leases.filter((held) => held.kind === 'write')
  const next: GuardState = {
    ...state,
    leases: [...state.leases.filter((held) => held.kind === 'read'), lease],
    healthyWithinMs: Math.max(state.healthyWithinMs ?? 0, lease.healthyWithinMs),
  }
  const commands: GuardCommand[] = [
    ...replaced.map(({ leaseId }): GuardCommand => ({ type: 'unwatch', leaseId })),
    { type: 'watch', lease },
  ]
  if (state.phase !== 'idle') return { state: next, commands }
  return {
    state: { ...next, phase: 'observing' },
    commands: [...commands, { type: 'observe', alsoObserve: lease.startAfter ?? [] }],
  }
}

function release(
  state: GuardState,
  { leaseId, outcome }: GuardEvent & { type: 'release' },
  now: number,
): GuardDecision {
  const buried = state.released.includes(leaseId)
    ? state
    : { ...state, released: [...state.released, leaseId] }
  // Only these two words of a restore say that the data is whole.
  const how = outcome === 'done' ? 'released-unproven' : 'released'
  return endLease(buried, leaseId, { how, why: `it was released as "${outcome}"` }, now)
}

/** One lease has ended. What that means for a write lease depends on how. */
function endLease(
  state: GuardState,
  leaseId: string,
  { how, why }: { how: 'released' | 'released-unproven' | 'gone'; why: string },
  now: number,
): GuardDecision {
  const lease = state.leases.find((held) => held.leaseId === leaseId)
  if (lease === undefined) return same(state)
  const leases = state.leases.filter((held) => held.leaseId !== leaseId)
  const isReporting = how !== 'gone' && state.phase === 'stopped' && state.refusal === undefined
  const isWell = how === 'released' || lease.kind === 'read'
  const next: GuardState = {
    ...state,
    leases,
    writeEnd: lease.kind === 'read' ? state.writeEnd : isWell ? 'well' : 'badly',
    reportTo: isReporting && leases.length === 0 ? [lease] : state.reportTo,
  }
  const told: GuardCommand[] =
    isReporting && leases.length > 0 ? [{ type: 'report', lease, report: heldReport(next) }] : []
  const after = settle(next, now, why)
  return { state: after.state, commands: [{ type: 'unwatch', leaseId }, ...told, ...after.commands] }
}

/** Ends the window when nothing keeps it open any more. */
function settle(state: GuardState, now: number, why = 'its hold was ended'): GuardDecision {
  if (state.phase === 'observing' && state.leases.length === 0) return close(state, 'all leases have ended')
  if (state.phase !== 'stopped') return same(state)
  const { window } = state
  assert(window, 'a service is stopped without a window')
  if (window.kind === 'write') return settleWrite(state, now, why)
  if (state.isCancelled) return restart(state, 'cancelled', now)
  if (state.isDeadlinePassed) return restart(state, 'deadline', now)
  return state.leases.length === 0 ? restart(state, 'released', now) : same(state)
}

function settleWrite(state: GuardState, now: number, why: string): GuardDecision {
  if (state.isCancelled) return leaveDown(state, 'the guard was cancelled')
  if (state.leases.length > 0) return same(state)
  return state.writeEnd === 'well' ? restart(state, 'released', now) : leaveDown(state, why)
}

/** Data may be half restored: starting on it can destroy it. A person decides. */
function leaveDown(state: GuardState, why: string): GuardDecision {
  const revoked = state.refusal === undefined ? state.leases : []
  const { state: closed, commands } = abandon(state, 'left-down', `a restore's hold ended badly: ${why}`)
  return {
    state: { ...closed, refusal: state.refusal ?? cancelledError(state) },
    commands: [
      writeAlarm(state, why),
      ...revoked.map((lease): GuardCommand => ({ type: 'revoke', lease, reason: why })),
      ...commands,
    ],
  }
}

function observed(state: GuardState, event: GuardEvent & { type: 'observed' }, now: number): GuardDecision {
  if (state.phase !== 'observing') return same(state)
  const window = windowOf(state.leases, event.running, now)
  return {
    state: { ...state, phase: 'stopping', window },
    commands: [
      { type: 'stop', window, observed: event.observed, healthyWithinMs: state.healthyWithinMs ?? 0 },
    ],
  }
}

function stopFailed(state: GuardState, error: ErrorReport, now: number): GuardDecision {
  if (UNTOUCHED.has(error.code)) return refuseAll(state, error)
  const failed: GuardState = {
    ...state,
    phase: 'stopped',
    refusal: state.refusal ?? error,
  }
  // A restore that comes back to its half-restored data must not be surprised by a start; it says "undone" by itself.
  return failed.window?.kind === 'write' ? settle(failed, now) : restart(failed, 'stop-failed', now)
}

function deadline(state: GuardState, now: number): GuardDecision {
  if (state.window?.kind !== 'read') return same(state)
  const passed: GuardState = { ...state, isDeadlinePassed: true }
  if (state.phase === 'stopped') return settle(passed, now)
  if (state.phase !== 'stopping') return same(state)
  const error = reportOf(
    new HoldfastError('lease.expired', `${state.service} did not stop within the longest downtime allowed.`, {
      hint: 'Allow more with `hold.maxDowntime`, in this plan and in others that hold it at the same time, or less time to stop with `hold.stopTimeout`.',
    }),
  )
  return { state: { ...passed, refusal: error }, commands: [{ type: 'cancel-stop' }] }
}

/** A person wants the service back. What is being stopped is stopped to the end first: a half stop cannot be started. */
function cancel(state: GuardState, now: number): GuardDecision {
  if (state.phase === 'starting') return same(state)
  if (state.phase === 'idle' || state.phase === 'observing') return refuseAll(state, cancelledError(state))
  const cancelled: GuardState = { ...state, isCancelled: true }
  if (state.phase === 'stopped') return settle(cancelled, now)
  return { state: { ...cancelled, refusal: state.refusal ?? cancelledError(state) }, commands: [] }
}

/** Nothing was stopped, nothing is owed. */
function refuseAll(state: GuardState, error: ErrorReport): GuardDecision {
  return close({ ...state, refusal: error }, error.message)
}

const close = (state: GuardState, reason: string): GuardDecision => abandon(state, 'nothing-stopped', reason)

const same = (state: GuardState): GuardDecision => ({ state, commands: [] })

const heldReport = (state: GuardState) => {
  assert(state.window && state.stateBefore, 'a report before the stop')
  return {
    service: state.service,
    mode: state.window.mode,
    stateBefore: state.stateBefore,
    stoppedAt: state.window.stopRequestedAt,
    health: 'held' as const,
    heldBy: state.leases.map(({ holder }) => holder.workflowId),
  }
}

const cancelledError = ({ service }: GuardState): ErrorReport =>
  reportOf(
    new HoldfastError('lease.expired', `The guard of ${service} was cancelled.`, {
      hint: 'Somebody wanted the service back: run the plan again when it may be held.',
    }),
  )

const writeAlarm = ({ service, stateBefore, window }: GuardState, why: string): GuardCommand => ({
  type: 'alarm',
  alarm: writeLeaseAlarm(service, {
    why,
    ...(stateBefore === undefined ? {} : { stateBefore }),
    ...(window?.restoreId === undefined ? {} : { restoreId: window.restoreId }),
  }),
})
