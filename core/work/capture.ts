import type { Compression } from '../../schemas/plan.js'
import type { BackupSummary, HoldReport, Item, ServicesVerdict, StoredObject } from '../backup.js'
import type { BackupJob, HoldSpec, JobEncryption, NamedSource, ResolvedHold } from '../job.js'
import type { Route } from '../spool.js'
import type { LeaseGrant } from './holds.js'

// From a job to a published backup: what workflows ask of activities, and what they get back. Plain JSON, never bytes or secrets.

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
