import type { HoldMode } from '../../schemas/holds.js'
import type { ServiceState } from '../backup.js'

// What a guard asks of a host, and how services are lent: plain JSON, names and numbers, never secrets.

/** What was seen of a service before we touched it. */
export interface ObservedService {
  /** Canonical reference, `runtime:name`. */
  readonly service: string
  readonly state: ServiceState
  /** When it was started last, as its runtime says it; `command` services do not know. */
  readonly startedAt?: string
  /** Identity of this incarnation (container id): another one means it was recreated. */
  readonly identity?: string
  readonly health?: 'healthy' | 'unhealthy' | 'starting'
  /** Its runtime removes it when it stops: nobody could start it again. */
  readonly endsWithStop?: true
}

export interface StopRequest {
  readonly service: string
  readonly observed: ObservedService
  readonly mode: HoldMode
  readonly stopTimeoutMs: number
  /** For whoever starts it from the journal alone. */
  readonly healthyWithinMs: number
  /** Same instant in the journal and in the guard: ISO, workflow time. */
  readonly stopRequestedAt: string
  /** ISO. When it passes during the stop, the stop is cancelled. Left out for a write lease. */
  readonly deadlineAt?: string
  readonly lease: 'read' | 'write'
  /** Of a write lease: the restore that it belongs to. */
  readonly restoreId?: string
  /** Canonical references of what this service needs: whoever starts it waits for those, within limits. */
  readonly startAfter?: readonly string[]
  /** Who owes the start, for journal and alarms. */
  readonly guard: { readonly workflowId: string; readonly runId: string }
}

/** `stateBefore` is that of the journal entry, which wins over what was observed. */
export interface StopResult {
  readonly stateBefore: ServiceState
}

export interface StartRequest {
  readonly service: string
  readonly healthyWithinMs: number
  /**
   * What kind of hold ends. A start after a read never starts what a restore holds: an entry of a write lease fails
   * with `restore.conflict`, and stays.
   */
  readonly lease: 'read' | 'write'
}

export interface StartResult {
  readonly startedAt: string
  readonly downtimeMs: number
  readonly health: 'ok' | 'unhealthy'
}

export interface Lease {
  readonly leaseId: string
  readonly kind: 'read' | 'write'
  readonly holder: { readonly workflowId: string; readonly runId: string }
  /** Canonical reference. */
  readonly service: string
  readonly mode: HoldMode
  readonly maxDowntimeMs: number
  readonly stopTimeoutMs: number
  readonly healthyWithinMs: number
  /** Only of a write lease: the restore that it belongs to. */
  readonly restoreId?: string
  /** Canonical references of what this service needs: it starts when those run again. */
  readonly startAfter?: readonly string[]
}

export interface LeaseGrant {
  readonly service: string
  readonly leaseId: string
  readonly stoppedAt: string
  readonly deadlineAt?: string
  readonly stateBefore: ServiceState
  readonly mode: HoldMode
}

export type ReleaseOutcome = 'done' | 'restored' | 'undone'
