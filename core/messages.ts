import type { HoldReport, ServicesVerdict } from './backup.js'
import type { ReleaseOutcome } from './work/holds.js'

/** Names of signals, queries and updates, and what they carry. Workflows define them; clients and activities use them. */
export const messages = {
  /** update of serviceGuard: Lease → LeaseGrant */
  acquire: 'acquire',
  /** signal to serviceGuard */
  release: 'release',
  /** signal to the holder of a lease: the hold has ended before its release */
  leaseRevoked: 'leaseRevoked',
  /** signal to the holder of a lease: what became of the service */
  serviceReport: 'serviceReport',
  /** signal to resourceLock */
  requestLock: 'requestLock',
  releaseLock: 'releaseLock',
  /** signals to who asked for a lock */
  lockGranted: 'lockGranted',
  lockQueued: 'lockQueued',
  /** query of backupRun and restoreRun: RunProgress */
  progress: 'progress',
  /** query of serviceGuard and resourceLock */
  state: 'state',
} as const

export interface ReleaseMessage {
  readonly leaseId: string
  readonly outcome: ReleaseOutcome
}
export interface LeaseRevokedMessage {
  readonly leaseId: string
  readonly service: string
  readonly reason: string
}
export interface ServiceReportMessage {
  readonly leaseId: string
  readonly report: HoldReport
}

/** What a run asks of a lock. Asking again with the same request id changes nothing. */
export interface LockRequest {
  readonly requestId: string
  readonly holder: { readonly workflowId: string; readonly runId: string }
  readonly mode: 'exclusive' | 'shared'
  /** For people: `backup of shop`. */
  readonly purpose: string
}
/** What `requestLock` carries to the lock. */
export interface LockRequestMessage extends LockRequest {
  /** How many may hold the lock at a time; those that share it take one place together. */
  readonly places: number
  /** Host of the holder: its wait queue watches the holder. */
  readonly host: string
}
export interface ReleaseLockMessage {
  readonly requestId: string
}
export interface LockGrantedMessage {
  readonly lock: string
  readonly requestId: string
}
export interface LockQueuedMessage {
  readonly lock: string
  readonly requestId: string
  /** Workflow ids of who is before us. */
  readonly behind: readonly string[]
}

/** Answer of the `progress` query: what a person wants to see of a running run. */
export interface RunProgress {
  readonly phase:
    | 'starting'
    | 'preflight'
    | 'waiting'
    | 'stopping'
    | 'capturing'
    | 'starting-services'
    | 'uploading'
    | 'publishing'
    | 'verifying'
    | 'copying'
    | 'retention'
    | 'looking'
    | 'rewrapping'
    | 'staging'
    | 'swapping'
    | 'undoing'
    | 'done'
  /** In `waiting`: for whom. */
  readonly waitingFor?: readonly string[]
  readonly backupId: string
  readonly sources: readonly SourceProgress[]
  readonly holds: readonly HoldProgress[]
  /** Left out where the run makes none. */
  readonly copies?: readonly CopyState[]
  readonly servicesVerdict?: ServicesVerdict
  /** What is odd, and does not stop the run: each in a sentence. */
  readonly warnings?: readonly string[]
}
export interface SourceProgress {
  readonly name: string
  readonly type: string
  readonly state: 'pending' | 'running' | 'uploading' | 'done' | 'failed'
  readonly attempt: number
  readonly plainBytes?: number
  readonly storedBytes?: number
}
export interface CopyState {
  readonly destination: string
  readonly state: 'running' | 'done' | 'failed'
}
export interface HoldProgress {
  readonly service: string
  readonly state: 'stopping' | 'held' | 'starting' | 'back'
  /** ISO, since when it is down. */
  readonly stoppedAt?: string
  readonly deadlineAt?: string
  readonly downtimeMs?: number
}

/** Search attributes; all are Keyword. Never a secret. */
export const searchAttributes = {
  site: 'HoldfastSite',
  plan: 'HoldfastPlan',
  host: 'HoldfastHost',
  kind: 'HoldfastKind',
  outcome: 'HoldfastOutcome',
  backup: 'HoldfastBackup',
} as const
