import type { HoldMode } from '../schemas/holds.js'
import { reportOf, HoldfastError, type ErrorReport } from './errors.js'
import type { GuardState, HoldWindow } from './guard-state.js'
import type { Lease, LeaseGrant } from './work/holds.js'

const STRENGTH: Record<HoldMode, number> = { pause: 1, stop: 2 }

/** Why an answer is no. `retry`: a later try can be granted, by this guard or the next. */
export interface Refusal {
  readonly error: ErrorReport
  readonly retry: 'by-kind' | 'never'
}

/** Whether a lease may be asked for at `now` (ms); undefined: yes. Asking again for a lease that is held is always admitted. */
export function admissionOf(state: GuardState, lease: Lease, now: number): Refusal | undefined {
  if (state.released.includes(lease.leaseId)) return released(state.service)
  if (state.leases.some(({ leaseId }) => leaseId === lease.leaseId)) return undefined
  const objection = objectionTo(state, lease, now)
  if (objection === undefined) return undefined
  const holders = state.leases.map(({ holder }) => holder.workflowId)
  const why = holders.length === 0 ? objection : `${objection} (${holders.join(', ')})`
  return { error: busy(state.service, why), retry: 'by-kind' }
}

/** Why a new lease has to wait for the next window. */
function objectionTo(
  { phase, leases, window, ...state }: GuardState,
  lease: Lease,
  now: number,
): string | undefined {
  if (phase === 'starting' || phase === 'done') return 'it is being started'
  if (state.isCancelled || state.isDeadlinePassed || state.refusal !== undefined) return 'its hold is ending'
  const isResumed = (held: Lease) =>
    held.kind === 'write' && lease.kind === 'write' && held.restoreId === lease.restoreId
  if (leases.some((held) => (held.kind === 'write' || lease.kind === 'write') && !isResumed(held))) {
    return leases.some((held) => held.kind === 'write') ? 'a restore has it' : 'others read under its hold'
  }
  if (window === undefined) return undefined
  if (window.kind !== lease.kind) return 'its hold is of another kind'
  // How a write lease ended decides alone whether the service may start: nobody comes in after it.
  if (window.kind === 'write' && leases.length === 0) return 'a restore has just left it'
  if (STRENGTH[lease.mode] > STRENGTH[window.mode]) return `it is held by ${window.mode}, which is too weak`
  if (lease.kind === 'read' && lease.maxDowntimeMs < window.maxDowntimeMs) {
    return 'others hold it for longer than this plan allows'
  }
  return isPastHalf(window, now) ? 'its hold ends too soon to join it' : undefined
}

/**
 * Who joined then would be thrown out with those who are there, and what it read would be inconsistent. Also after an outage of
 * Temporal: the server that is back brings the lease before the deadline that has passed meanwhile.
 */
const isPastHalf = ({ deadlineAt, maxDowntimeMs }: HoldWindow, now: number): boolean =>
  deadlineAt !== undefined && Date.parse(deadlineAt) - now < maxDowntimeMs / 2

/** The answer to who asked for a lease, as soon as there is one. */
export function answerTo(state: GuardState, lease: Lease): { grant: LeaseGrant } | Refusal | undefined {
  if (state.released.includes(lease.leaseId)) return released(state.service)
  if (state.refusal !== undefined) return { error: state.refusal, retry: 'never' }
  if (state.phase === 'observing' || state.phase === 'stopping') return undefined
  const { window, stateBefore } = state
  const isHeld = state.leases.some(({ leaseId }) => leaseId === lease.leaseId)
  if (state.phase !== 'stopped' || !isHeld || window === undefined || stateBefore === undefined) {
    return { error: busy(state.service, 'its hold is over'), retry: 'by-kind' }
  }
  return {
    grant: {
      service: state.service,
      leaseId: lease.leaseId,
      stoppedAt: window.stopRequestedAt,
      ...(window.deadlineAt === undefined ? {} : { deadlineAt: window.deadlineAt }),
      stateBefore,
      mode: window.mode,
    },
  }
}

/** The window of the leases that are there when the stop is asked for: the strongest mode, the smallest limit. */
export function windowOf(leases: readonly Lease[], running: readonly string[], now: number): HoldWindow {
  const kind = leases.some((lease) => lease.kind === 'write') ? 'write' : 'read'
  const maxDowntimeMs = Math.min(...leases.map((lease) => lease.maxDowntimeMs))
  const restoreId = leases.find((lease) => lease.kind === 'write')?.restoreId
  const needed = new Set(leases.flatMap((lease) => lease.startAfter ?? []))
  return {
    kind,
    mode: leases.some((lease) => lease.mode === 'stop') ? 'stop' : 'pause',
    ...(restoreId === undefined ? {} : { restoreId }),
    maxDowntimeMs,
    stopTimeoutMs: Math.max(...leases.map((lease) => lease.stopTimeoutMs)),
    stopRequestedAt: new Date(now).toISOString(),
    ...(kind === 'write' ? {} : { deadlineAt: new Date(now + maxDowntimeMs).toISOString() }),
    startAfter: [...needed].filter((service) => running.includes(service)),
  }
}

const released = (service: string): Refusal => ({
  error: reportOf(
    new HoldfastError('lease.released', `The lease on ${service} was released before it was granted.`),
  ),
  retry: 'never',
})

const busy = (service: string, why: string): ErrorReport =>
  reportOf(
    new HoldfastError('lease.busy', `${service} cannot be held now: ${why}.`, {
      hint: 'It is tried again by itself; `holdfast status` shows who holds it.',
    }),
  )
