import type { Compression, NotCapturedCause } from '../schemas/plan.js'
import type { HoldMode } from '../schemas/holds.js'
import type { Authenticity } from './authenticity.js'
import type {
  BackupSummary,
  DataVerdict,
  HoldReport,
  Item,
  Manifest,
  ServiceState,
  ServicesVerdict,
  StoredObject,
} from './backup.js'
import type { BackupCopy, CopiesVerdict, CopyReport } from './copies.js'
import type { EncryptedManifest } from './encrypted-manifest.js'
import type {
  BackupJob,
  HoldSpec,
  JobEncryption,
  NamedSource,
  ResolvedHold,
  RetentionRules,
  VerifyDepth,
} from './job.js'
import type { MarkState } from './marks.js'
import type { RestoreScope, RestoreSummary } from './restore-end.js'
import type { RetentionDecision } from './retention.js'
import type { Route } from './spool.js'

// What workflows ask of activities, and what they get back: plain JSON, names and numbers, never bytes or secrets.

// ── Services ────────────────────────────────────────────────────────────────

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

// ── Leases and locks ────────────────────────────────────────────────────────

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

// ── Capturing ───────────────────────────────────────────────────────────────

export interface PrepareInput {
  readonly backupId: string
  readonly plan: string
  readonly site: string
  readonly destination: string
  readonly encryption?: JobEncryption
}

export interface PreflightInput {
  readonly job: BackupJob
  readonly onlySources?: readonly string[]
}

export interface PreflightResult {
  /** The holds of the sets that were asked for and have one, in their order. */
  readonly holds: readonly ResolvedHold[]
  readonly warnings: readonly string[]
  /** Where what is read under holds goes first. Left out: direct. */
  readonly route?: Route
}

export interface CaptureInput {
  readonly backupId: string
  readonly plan: string
  readonly takenAt: string
  readonly destination: string
  readonly source: NamedSource
  readonly compression: Required<Compression>
  /** Left out: not encrypted. */
  readonly encryption?: JobEncryption
  /** Left out: direct. */
  readonly route?: Route
  /** From 2, names of objects carry it: a lost attempt may still be writing. */
  readonly attempt: number
  /** With canonical references; left out for what is live. */
  readonly hold?: HoldSpec
  /** The grants it is read under; before and after, each must still be the same stop. Empty for what is live. */
  readonly grants: readonly LeaseGrant[]
}

/** What one source left in the spool, on its way to the destination. */
export interface UploadInput {
  readonly backupId: string
  readonly plan: string
  readonly destination: string
  readonly source: string
  readonly objects: readonly Pick<StoredObject, 'name' | 'storedBytes' | 'storedSha256'>[]
}

/** Details of the heartbeat of a capture; also of an upload, where both counts are of bytes uploaded. */
export interface CaptureProgress {
  readonly source: string
  readonly plainBytes: number
  readonly storedBytes: number
  /** Where it is known beforehand. */
  readonly expectedBytes?: number
  readonly files?: number
}

export interface PublishInput {
  readonly job: BackupJob
  readonly backupId: string
  readonly takenAt: string
  readonly description?: string
  readonly subsetOf?: readonly string[]
  readonly destination: string
  readonly items: readonly Item[]
  readonly holds: readonly HoldReport[]
  readonly servicesVerdict: ServicesVerdict
  /** ISO. The bytes of a manifest follow from this input alone: another attempt writes the same. */
  readonly completedAt: string
  readonly run: { readonly workflowId: string; readonly runId: string }
}

export interface PublishResult {
  readonly summary: BackupSummary
}

// ── Catalog, retention, verification ────────────────────────────────────────

export interface BackupFilter {
  readonly plan?: string
  readonly source?: string
  readonly type?: string
  readonly destination?: string
  /** ISO; taken at this time or later. */
  readonly since?: string
  /** Default: `listed`, that is all that are not deleted. */
  readonly among?: 'listed' | 'deleted' | 'all'
}

export interface BackupPage {
  readonly backups: readonly BackupSummary[]
  /** Give it back as `after` for the next page. */
  readonly next?: string
  /** Destinations and manifests that could not be read, each in a sentence. */
  readonly problems: readonly string[]
}

/** Where a backup is; a unique beginning of its id will do. */
export interface BackupReference {
  readonly backupId: string
  readonly destination?: string
  /** `all`: also what is deleted and not yet removed. Default: `listed`. */
  readonly among?: 'listed' | 'all'
}

export interface LocatedBackup {
  /** The copy that the rest is about. */
  readonly destination: string
  /** All that were found, this one too, in the order of holdfast.yaml. */
  readonly copies: readonly BackupCopy[]
  /** Why there may be more: destinations and copies that could not be looked at, each in a sentence. Left out: none. */
  readonly problems?: readonly string[]
  /** In part where it is encrypted, and no key of it is on the host that was asked. */
  readonly manifest: Manifest | EncryptedManifest
  /** Ids of the keys that open it now: the manifest names those that it was made for. Left out: not encrypted. */
  readonly keyIds?: readonly string[]
  readonly marks: MarkState
  readonly isGood: boolean
  /** Left out where no keys are in play. */
  readonly authenticity?: Authenticity
}

export interface RetentionInput {
  readonly plan: string
  readonly site: string
  readonly destination: string
  readonly rules: RetentionRules
  readonly timezone: string
  /** How often the plan runs, where it has a schedule: longer than three times this without a good backup, nothing goes. */
  readonly intervalMs?: number
}

export interface ExpireInput {
  readonly plan: string
  readonly destination: string
  readonly backupIds: readonly string[]
  readonly by: 'retention' | 'person'
  /** Of these backups. Whatever is deleted already has its own. */
  readonly quarantineMs: number
  /** `now`: these are removed without any quarantine. */
  readonly removal: 'after-quarantine' | 'now'
  /** As in `RetentionInput`. */
  readonly intervalMs?: number
}

export interface ExpireResult {
  /** Deleted: hidden from now on, and removed after the quarantine. Left out: none. */
  readonly expired?: readonly string[]
  /** Removed for good: their quarantine was over, or they were to go at once. */
  readonly removed: readonly string[]
  readonly freedBytes: number
  /** What runs that have ended left unfinished, and was cleared away as well. */
  readonly swept: readonly string[]
}

export type MarkChange = 'pin' | 'unpin' | 'accept' | 'undelete'

export interface MarkInput {
  readonly reference: BackupReference
  readonly change: MarkChange
  /** In the words of whoever asks. */
  readonly because?: string
}

export interface MarkResult {
  readonly backupId: string
  readonly destination: string
  readonly marks: MarkState
  /** False: it was so already. */
  readonly isChanged: boolean
}

export interface RetentionReport {
  readonly destination: string
  readonly decisions: readonly RetentionDecision[]
}

export interface VerifyInput {
  readonly reference: BackupReference
  /** Default: `readBack`. */
  readonly depth?: VerifyDepth
}

export interface VerifyReport {
  readonly backupId: string
  readonly destination: string
  readonly objects: number
  readonly bytes: number
  /** Each in a sentence that names the object. Empty: every byte is as it was recorded. */
  readonly problems: readonly string[]
  /** What could not be looked into, and why: that says nothing about the backup. Left out: nothing. */
  readonly notes?: readonly string[]
}

// ── Restoring ───────────────────────────────────────────────────────────────

export interface RestoreRequest {
  readonly reference: BackupReference
  /** Left out: all. */
  readonly sources?: readonly string[]
  /** Another folder than where the files came from. */
  readonly to?: string
  /** Another database than the one that was dumped. */
  readonly database?: string
  /** Globs: only these files, laid over what is there. */
  readonly include?: readonly string[]
  /** Read every byte before anything else happens. */
  readonly verifyFirst?: boolean
  /** Also a backup that anyone who can write to the destination could have put there. */
  readonly allowUnauthenticated?: boolean
}

/** What a restore would do, found out without touching anything. */
export interface RestorePreview {
  readonly backupId: string
  readonly destination: string
  readonly plan: string
  readonly host: string
  readonly takenAt: string
  readonly items: readonly RestorePreviewItem[]
  /** Canonical references, in stop order, with how each is held. Empty when nothing in place is replaced. */
  readonly hold?: HoldSpec
  readonly warnings: readonly string[]
}

export interface RestorePreviewItem {
  readonly source: string
  readonly type: string
  /** Each in a sentence: `replaces /srv/shop/uploads (120 MiB, 14 files)`. */
  readonly effects: readonly string[]
  readonly bytes: number
  readonly notCaptured: number
}

export interface StageInput {
  readonly restoreId: string
  readonly backupId: string
  readonly destination: string
  readonly source: string
  readonly request: RestoreRequest
  readonly scope: RestoreScope
}

/** The restores that a host remembers, newest first. */
export interface RestoreList {
  readonly restores: readonly RestoreSummary[]
  /** Records that could not be read, each in a sentence. */
  readonly problems: readonly string[]
}

/** Data restored beside its place, verified, not yet in use. */
export interface StagedItem {
  readonly source: string
  readonly type: string
  readonly restoreId: string
  /** What the driver needs to swap or to discard; small, no secrets. */
  readonly moves: readonly StagedMove[]
}

/** One path or database: `staged` takes the place of `target`, whose old content becomes `safety`. */
export interface StagedMove {
  readonly kind: 'path' | 'children' | 'overlay' | 'database'
  readonly target: string
  readonly staged: string
  readonly safety: string
  /** Tells what was staged from whatever else bears its name, also after the swap: an inode, a database's OID. */
  readonly identity?: string
  /** For `children`: below the target, what other sources have there; as bytes in Latin-1. Left out: nothing. */
  readonly keeps?: readonly string[]
  /** For databases: which server, as the source says it. */
  readonly source?: NamedSource
}

export interface SwappedItem {
  readonly source: string
  /** Where the old data is now, each in a sentence for people. */
  readonly safetyCopies: readonly string[]
  readonly restored: readonly string[]
}

export interface RestoreResult {
  readonly backupId: string
  readonly items: readonly SwappedItem[]
  readonly holds: readonly HoldReport[]
  readonly servicesVerdict: ServicesVerdict
}

// ── Results of runs ─────────────────────────────────────────────────────────

/** `partial`: good, but not at all of its destinations. */
export type RunOutcome = 'good' | 'partial' | 'not-good' | 'failed' | 'cancelled' | 'skipped'

export interface BackupRunResult {
  readonly outcome: RunOutcome
  readonly backupId: string
  readonly plan: string
  readonly data: DataVerdict
  readonly services: ServicesVerdict
  readonly summary?: BackupSummary
  readonly holds: readonly HoldReport[]
  readonly notCaptured: Readonly<Partial<Record<NotCapturedCause, number>>>
  /** Where the plan verifies after each backup. `not-done`: it could not be read; the note says why. */
  readonly verification?: {
    readonly outcome: 'verified' | 'damaged' | 'not-done'
    readonly problems: readonly string[]
    readonly note?: string
  }
  /** What was odd, and did not stop the run: each in a sentence. */
  readonly warnings?: readonly string[]
  /** Left out where the plan has one destination. */
  readonly copies?: CopiesVerdict
  /** The destinations besides the first, with what became of them. */
  readonly copiesAt?: readonly CopyResult[]
  /** At the first destination. */
  readonly retention?: RetentionResult
  /** Why a run was skipped: who had the plan. */
  readonly skippedFor?: string
  readonly durationMs: number
}

/** What retention did at one destination, or why it did nothing. */
export interface RetentionResult {
  /** Deleted now. */
  readonly expired: readonly string[]
  /** Removed for good: deleted before. */
  readonly removed: readonly string[]
  readonly note?: string
}

export interface CopyResult extends CopyReport {
  readonly retention?: RetentionResult
}

/** What retention or a person's deletion did at one destination. */
export interface Retained {
  readonly report: RetentionReport
  readonly expired: ExpireResult
}

/** The same at several. */
export interface RetentionRunResult {
  readonly retained: readonly Retained[]
  /** Destinations where it could not be done, each with why. */
  readonly failed: readonly { readonly destination: string; readonly problem: string }[]
}

/** What a run came to that only made copies. */
export interface ReplicateRunResult {
  readonly outcome: 'good' | 'partial'
  readonly plan: string
  readonly copies: readonly CopyReport[]
}

/** An alarm: deduplicated by its cause, resolved when the cause is gone. */
export interface AlarmInput {
  /** Same cause, same alarm: `inconsistent/shop`, `write-lease/docker:web`. */
  readonly cause: string
  readonly summary: string
  readonly hint: string
  readonly plan?: string
  readonly service?: string
}

/** What a destination did when it was tried: it took an object, gave it back whole and in part, listed and removed it. */
export interface DestinationTrial {
  readonly destination: string
  /** The host that tried it. */
  readonly host: string
  /** Of the object. */
  readonly bytes: number
  readonly writeMs: number
  readonly readMs: number
  /** How much later it is there than on the host; 0 where no difference was seen. */
  readonly clockDifferenceMs: number
  /** Left out where the store does not tell. */
  readonly freeBytes?: number
}
