import type { HoldMode } from '../schemas/holds.js'
import type { HoldReport, ServiceState } from './backup.js'
import type { ErrorReport } from './errors.js'
import type { AlarmInput } from './work/alarm.js'
import type { Lease, ObservedService, ReleaseOutcome, StartResult } from './work/holds.js'

/** Where a guard is in its one window of downtime. `done`: it asks for nothing more. */
export type GuardPhase = 'idle' | 'observing' | 'stopping' | 'stopped' | 'starting' | 'done'

/** Fixed when the stop is asked for: what joins later can neither lengthen, shorten nor deepen it. */
export interface HoldWindow {
  readonly kind: Lease['kind']
  readonly mode: HoldMode
  /** Of a write lease: the restore that it belongs to. */
  readonly restoreId?: string
  readonly maxDowntimeMs: number
  readonly stopTimeoutMs: number
  /** ISO, workflow time at which the stop was scheduled. */
  readonly stopRequestedAt: string
  /** ISO; a write lease has none. */
  readonly deadlineAt?: string
  /** Services that ran before and that this one needs: started first. */
  readonly startAfter: readonly string[]
}

export interface GuardState {
  readonly service: string
  readonly phase: GuardPhase
  /** Asked for and not yet ended. In `stopped` all of them are granted, before it none is. */
  readonly leases: readonly Lease[]
  /** Ids of released leases: a release may overtake its acquire. */
  readonly released: readonly string[]
  readonly window?: HoldWindow
  readonly stateBefore?: ServiceState
  /** The longest that any holder gives the service to become healthy. */
  readonly healthyWithinMs?: number
  /** Why those that wait are not granted: final for them. */
  readonly refusal?: ErrorReport
  /** Who had the service until the start, and wants to know what became of it. */
  readonly reportTo: readonly Lease[]
  readonly isCancelled: boolean
  readonly isDeadlinePassed: boolean
  /** How the write lease of this window ended. */
  readonly writeEnd: 'none' | 'well' | 'badly'
  readonly starting?: Starting
}

export interface Starting {
  readonly since: number
  readonly failures: number
  /** Since when the runtime says that there is no such service. */
  readonly missingSince?: number
  readonly isAlarmed: boolean
}

/** What happened to a guard. `acquire` only after `admissionOf` had nothing against it. */
export type GuardEvent =
  | { readonly type: 'acquire'; readonly lease: Lease }
  | { readonly type: 'release'; readonly leaseId: string; readonly outcome: ReleaseOutcome }
  | { readonly type: 'holder-gone'; readonly leaseId: string; readonly how: string }
  /** `running`: which of the services that this one needs were seen running. */
  | { readonly type: 'observed'; readonly observed: ObservedService; readonly running: readonly string[] }
  | { readonly type: 'observe-failed'; readonly error: ErrorReport }
  | { readonly type: 'stopped'; readonly stateBefore: ServiceState }
  | { readonly type: 'stop-failed'; readonly error: ErrorReport }
  | { readonly type: 'deadline' }
  /** A write lease has lasted for very long. */
  | { readonly type: 'overdue' }
  | { readonly type: 'cancel' }
  /** Nobody has asked for a lease since the guard was started. */
  | { readonly type: 'idle' }
  | { readonly type: 'start-slow' }
  | { readonly type: 'started'; readonly result: StartResult }
  | { readonly type: 'start-failed'; readonly error: ErrorReport }

export type StartReason = 'released' | 'deadline' | 'cancelled' | 'stop-failed'
export type GuardOutcome = 'nothing-stopped' | 'started' | 'not-restarted' | 'left-down'

/** What a guard is to do next. */
export type GuardCommand =
  | { readonly type: 'observe'; readonly alsoObserve: readonly string[] }
  | {
      readonly type: 'stop'
      readonly window: HoldWindow
      readonly observed: ObservedService
      readonly healthyWithinMs: number
    }
  | { readonly type: 'cancel-stop' }
  | {
      readonly type: 'start'
      readonly reason: StartReason
      readonly healthyWithinMs: number
      readonly lease: Lease['kind']
      /** Started when these run, or when they have been waited for this long. */
      readonly startAfter: readonly string[]
      readonly startAfterMs: number
      readonly delayMs: number
    }
  | { readonly type: 'watch'; readonly lease: Lease }
  | { readonly type: 'unwatch'; readonly leaseId: string }
  | { readonly type: 'revoke'; readonly lease: Lease; readonly reason: string }
  | { readonly type: 'report'; readonly lease: Lease; readonly report: HoldReport }
  | { readonly type: 'alarm'; readonly alarm: AlarmInput }
  | { readonly type: 'resolve-alarm'; readonly cause: string }
  | { readonly type: 'close'; readonly outcome: GuardOutcome; readonly reason: string }

export interface GuardDecision {
  readonly state: GuardState
  /** In the order in which they are to be begun: a start comes before those who are told of it. */
  readonly commands: readonly GuardCommand[]
}
