import type { NotCapturedCause } from '../../schemas/plan.js'
import type { BackupSummary, DataVerdict, HoldReport, ServicesVerdict } from '../backup.js'
import type { CopiesVerdict, CopyReport } from '../copies.js'
import type { ExpireResult, RetentionReport } from './catalog.js'

// What runs come to.

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
