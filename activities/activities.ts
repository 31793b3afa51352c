import type { Item } from '../core/backup.js'
import type { CopyReport, ReplicateInput } from '../core/copies.js'
import type { RehearsalReport } from '../core/rehearsal.js'
import type { ChosenBackups, VerifyJob } from '../core/verification.js'
import type { RestoreStatus } from '../core/restore-end.js'
import type { RestoreDetails } from '../core/restore-places.js'
import type { LockRequest } from '../core/messages.js'
import type { SeenUses, ToldKey } from '../core/rotation.js'
import type { RewrapInput, RewrapReport, SeenKept } from '../core/rotation-steps.js'
import type { AlarmInput } from '../core/work/alarm.js'
import type {
  CaptureInput,
  PreflightInput,
  PreflightResult,
  PrepareInput,
  PublishInput,
  PublishResult,
  UploadInput,
} from '../core/work/capture.js'
import type {
  BackupFilter,
  BackupPage,
  BackupReference,
  DestinationTrial,
  ExpireInput,
  ExpireResult,
  LocatedBackup,
  MarkInput,
  MarkResult,
  RetentionInput,
  RetentionReport,
  VerifyInput,
  VerifyReport,
} from '../core/work/catalog.js'
import type {
  Lease,
  LeaseGrant,
  ObservedService,
  StartRequest,
  StartResult,
  StopRequest,
  StopResult,
} from '../core/work/holds.js'
import type {
  RestoreList,
  RestorePreview,
  RestoreRequest,
  StageInput,
  StagedItem,
  SwappedItem,
} from '../core/work/restore.js'

/**
 * Everything that workflows may ask of the world. Each may run twice. Grouped by the queue it runs on:
 * a stop or a start must never wait for a slot.
 */
export interface ControlActivities {
  /** Before the stop; its result goes into the guard's history. Resolves nothing: takes a canonical reference. */
  observeService(service: string): Promise<ObservedService>
  /** The same of several, for their order: one that cannot be looked at now is left out. */
  observeServices(services: readonly string[]): Promise<readonly ObservedService[]>
  /**
   * Journal entry, fsync, stop. An entry that exists already wins: its `stateBefore` is returned. An entry of a write
   * lease refuses a read lease with `lease.busy`, and nothing was touched: a restore owns that service.
   */
  stopService(request: StopRequest): Promise<StopResult>
  /** First finishes our stop, then starts, waits for running and healthy, removes the entry. Exactly the state before is restored. */
  startService(request: StartRequest): Promise<StartResult>
  raiseAlarm(alarm: AlarmInput): Promise<void>
  resolveAlarm(cause: string): Promise<void>
}

export interface WaitActivities {
  /** Gets a lease from the guard of the service, starting the guard where there is none. */
  acquireLease(lease: Lease, host: string): Promise<LeaseGrant>
  /** Returns when the workflow has closed for any reason, with the reason. */
  watchHolder(workflowId: string, runId: string): Promise<string>
  /** Signals the lock, starting it where there is none. The answer comes as a signal. */
  requestLock(request: {
    lock: string
    /** How many may hold it at a time; `captures`: as many as this host's `limits.parallelCaptures`. */
    places: 1 | 'captures'
    request: LockRequest
    host: string
  }): Promise<void>
  /** ISO. When the schedule of the plan starts it again; undefined where it has none, or a paused one. */
  nextRun(of: { site: string; plan: string }): Promise<string | undefined>
  /** Backup runs of the site that go on, and encrypt for this key. */
  findKeyRuns(of: { site: string; key: string }): Promise<readonly KeyRun[]>
}

export interface KeyRun {
  readonly workflowId: string
  readonly runId: string
}

export interface QuestionActivities {
  preflight(input: PreflightInput): Promise<PreflightResult>
  listBackups(input: { filter: BackupFilter; after?: string }): Promise<BackupPage>
  showBackup(reference: BackupReference): Promise<LocatedBackup>
  previewRestore(request: RestoreRequest, restoreId: string): Promise<RestorePreview>
  /** Fails with `restore.not-found`. */
  showRestore(restoreId: string): Promise<RestoreStatus>
  /** With where its data is now. Fails with `restore.not-found`. */
  describeRestore(restoreId: string): Promise<RestoreDetails>
  listRestores(): Promise<RestoreList>
  /** What `undoRestore` would do, in sentences. Fails as it would: then nothing needs to stop for it. */
  previewUndo(restoreId: string): Promise<readonly string[]>
  previewRetention(input: RetentionInput): Promise<RetentionReport>
  /** Which backups a verification reads. A destination that cannot be listed is one of its problems. */
  chooseBackups(job: VerifyJob): Promise<ChosenBackups>
  tryDestination(input: { destination: string }): Promise<DestinationTrial>
  /** What this host knows of keys, in the order of their names. */
  tellKeys(names: readonly string[]): Promise<readonly ToldKey[]>
  /** Backups at all destinations of this host whose data keys are wrapped by one of these keys. */
  findKeyUses(input: { keyIds: readonly string[] }): Promise<SeenUses>
  /** What stores keep of deleted wraps of these keys. */
  findKeptWraps(input: { keyIds: readonly string[] }): Promise<SeenKept>
  /** The only one that changes anything: adds a mark. Fails with `backup.deleted`. */
  markBackup(input: MarkInput): Promise<MarkResult>
}

/**
 * Capture runs on `host.X.capture` under a hold, on `host.X.data` for what is live; replicate on `host.X.copies`; swap and undo
 * on `host.X.swap`; the rest on `host.X.data`.
 */
export interface DataActivities {
  prepareBackup(input: PrepareInput & { run: { workflowId: string; runId: string } }): Promise<void>
  capture(input: CaptureInput): Promise<Item>
  /**
   * Brings what one source left in the spool to the destination, object by object, and out of the spool. An attempt goes on
   * where the last one was. Fails with `spool.lost` when the worker that read it is gone.
   */
  upload(input: UploadInput): Promise<void>
  /** Forgets what a lost attempt has left in the spool. */
  emptySpool(input: { plan: string; backupId: string }): Promise<void>
  publish(input: PublishInput): Promise<PublishResult>
  /** Removes what a failed or cancelled run left. Refuses where there is a manifest. */
  discardBackup(input: PrepareInput): Promise<void>
  /**
   * Copies what is missing at another destination. An attempt goes on where the last one was. Fails only with what is in the
   * way of all copies; that single backups cannot be copied is in the report.
   */
  replicate(input: ReplicateInput): Promise<CopyReport>
  expire(input: ExpireInput): Promise<ExpireResult>
  /**
   * Wraps data keys by another key, one backup after another; at every moment each of them can be opened. An attempt goes on
   * where the last one was. Fails only with what is in the way of all; that single backups keep the old key is in the report.
   */
  rewrap(input: RewrapInput): Promise<RewrapReport>
  /** Marks what it finds. Fails with `backup.not-found` when the backup is removed meanwhile. */
  verify(input: VerifyInput): Promise<VerifyReport>
  /**
   * Restores a backup into places of its own, compares what came with what was captured, and removes all of it. An alarm when
   * something is missing. One at a time on a host. Fails with `lock.taken`.
   */
  rehearse(reference: BackupReference): Promise<RehearsalReport>
  stageRestore(input: StageInput): Promise<StagedItem>
  /** `grants`: of the services that stand still for it; runs of older versions do not say them. */
  swapRestore(items: readonly StagedItem[], grants?: readonly LeaseGrant[]): Promise<readonly SwappedItem[]>
  /** Brings the old data back as far as it was replaced, and removes what was staged. By the record of this host alone. */
  undoRestore(restoreId: string): Promise<readonly SwappedItem[]>
  discardRestore(items: readonly StagedItem[]): Promise<void>
}

export type Activities = ControlActivities & WaitActivities & QuestionActivities & DataActivities
