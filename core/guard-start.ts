import { assert } from './assert.js'
import type { HoldReport } from './backup.js'
import type { ErrorReport } from './errors.js'
import { alarmCauses, notRestartedAlarm } from './hold-alarms.js'
import type { GuardCommand, GuardDecision, GuardOutcome, GuardState, StartReason } from './guard-state.js'
import type { Lease, StartResult } from './work/holds.js'

/** A missing service is waited for this long: it may be on its way to be recreated. Then the journal's entry has to do. */
export const MISSING_LIMIT_MS = 10 * 60_000
/** Waits between starts that cannot work without a person grow with the age of the trouble, so histories stay bounded. */
const FIRST_WAIT_MS = 1000
const USUAL_WAIT_MS = 30_000
const WAIT_SHARE_OF_AGE = 1 / 20
/** Services that this one needs are waited for at most this long, and never past the deadline. */
const START_AFTER_LIMIT_MS = 60_000

const REVOKED_BECAUSE: Record<StartReason, string> = {
  released: 'its leases were released',
  deadline: 'the longest downtime allowed has passed',
  cancelled: 'its guard was cancelled',
  'stop-failed': 'it could not be stopped',
}

/** Start first, then tell the holders: those who still read learn that the hold is over. */
export function restart(state: GuardState, reason: StartReason, now: number): GuardDecision {
  const isGranted = state.refusal === undefined
  const revoked = isGranted ? state.leases : []
  const next: GuardState = {
    ...state,
    phase: 'starting',
    leases: [],
    reportTo: [...state.reportTo, ...revoked],
    starting: { since: now, failures: 0, isAlarmed: false },
  }
  return {
    state: next,
    commands: [
      startCommand(next, { reason, delayMs: 0, now }),
      ...revoked.map((lease): GuardCommand => ({ type: 'revoke', lease, reason: REVOKED_BECAUSE[reason] })),
      ...state.leases.map(({ leaseId }): GuardCommand => ({ type: 'unwatch', leaseId })),
    ],
  }
}

interface Start {
  readonly reason: StartReason
  readonly delayMs: number
  readonly now: number
}

function startCommand(state: GuardState, { reason, delayMs, now }: Start): GuardCommand {
  assert(state.window, 'a start without a window')
  const { deadlineAt } = state.window
  const untilDeadlineMs = deadlineAt === undefined ? Infinity : Date.parse(deadlineAt) - now
  return {
    type: 'start',
    reason,
    healthyWithinMs: state.healthyWithinMs ?? 0,
    lease: state.window.kind,
    // Past the limit, or when a person wants it back, the service itself comes before its order.
    startAfter: reason === 'released' && delayMs === 0 ? state.window.startAfter : [],
    startAfterMs: Math.max(0, Math.min(START_AFTER_LIMIT_MS, untilDeadlineMs)),
    delayMs,
  }
}

export function started(state: GuardState, result: StartResult): GuardDecision {
  if (state.phase !== 'starting') return { state, commands: [] }
  const closed = abandon(state, 'started', 'started again')
  const { service } = state
  const alarms: GuardCommand[] =
    result.health === 'ok'
      ? [{ type: 'resolve-alarm', cause: alarmCauses.notRestarted(service) }]
      : [startAlarm(state, 'runs again, but is not healthy')]
  const writes: GuardCommand[] =
    state.window?.kind === 'write' ? [{ type: 'resolve-alarm', cause: alarmCauses.writeLease(service) }] : []
  return {
    state: closed.state,
    commands: [...reports(state, result), ...alarms, ...writes, ...closed.commands],
  }
}

/** Temporal repeats what can work by itself, without end; only what needs somebody comes here. */
export function startFailed(state: GuardState, error: ErrorReport, now: number): GuardDecision {
  const { starting, service } = state
  if (state.phase !== 'starting' || starting === undefined) return { state, commands: [] }
  const missingSince = error.kind === 'missing' ? (starting.missingSince ?? now) : undefined
  if (missingSince !== undefined && now - missingSince >= MISSING_LIMIT_MS) {
    return giveUp(state, `there is no ${service} any more: ${error.message}`)
  }
  if (error.code === 'restore.conflict') return giveUp(state, error.message)
  const next: GuardState = {
    ...state,
    starting: {
      since: starting.since,
      failures: starting.failures + 1,
      ...(missingSince === undefined ? {} : { missingSince }),
      isAlarmed: true,
    },
  }
  const alarm = starting.isAlarmed ? [] : [startAlarm(state, `could not be started: ${error.message}`)]
  const delayMs = waitBefore(starting.failures + 1, now - starting.since)
  return { state: next, commands: [startCommand(next, { reason: 'released', delayMs, now }), ...alarm] }
}

const waitBefore = (attempt: number, ageMs: number): number =>
  Math.round(Math.max(Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), USUAL_WAIT_MS), ageMs * WAIT_SHARE_OF_AGE))

export function startSlow(state: GuardState): GuardDecision {
  const { starting } = state
  if (state.phase !== 'starting' || starting === undefined || starting.isAlarmed)
    return { state, commands: [] }
  return {
    state: { ...state, starting: { ...starting, isAlarmed: true } },
    commands: [startAlarm(state, 'has not come back yet; it is tried again and again')],
  }
}

/** The journal's entry stays: whoever settles it starts the service by its name when it is there again. */
function giveUp(state: GuardState, why: string): GuardDecision {
  const closed = abandon(state, 'not-restarted', why)
  return {
    state: closed.state,
    commands: [...reports(state), startAlarm(state, `was not started: ${why}`), ...closed.commands],
  }
}

/** Nothing more is asked for. */
export function abandon(state: GuardState, outcome: GuardOutcome, reason: string): GuardDecision {
  return {
    state: { ...state, phase: 'done', leases: [], reportTo: [] },
    commands: [
      ...state.leases.map(({ leaseId }): GuardCommand => ({ type: 'unwatch', leaseId })),
      { type: 'close', outcome, reason },
    ],
  }
}

function reports(state: GuardState, result?: StartResult): GuardCommand[] {
  return state.reportTo.map((lease: Lease): GuardCommand => ({
    type: 'report',
    lease,
    report: reportAfter(state, result),
  }))
}

function reportAfter({ service, window, stateBefore }: GuardState, result?: StartResult): HoldReport {
  assert(window && stateBefore, 'a report about a service that was not stopped')
  return {
    service,
    mode: window.mode,
    stateBefore,
    stoppedAt: window.stopRequestedAt,
    ...(result === undefined
      ? { health: 'not-restarted' as const }
      : { startedAt: result.startedAt, downtimeMs: result.downtimeMs, health: result.health }),
  }
}

const startAlarm = ({ service }: GuardState, what: string): GuardCommand => ({
  type: 'alarm',
  alarm: notRestartedAlarm(service, what),
})
