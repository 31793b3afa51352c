import type { BackupSummary } from './backup.js'
import type { RetentionRules } from './job.js'

/** One backup, and why it is kept. No reason: it goes. */
export interface RetentionDecision {
  readonly backupId: string
  readonly takenAt: string
  readonly isGood: boolean
  /** `daily 2026-03-01`, `last 2 of 7`, `minimum of 2`, `taken in the future` … */
  readonly keptBecause: readonly string[]
}

export interface RetentionQuestion {
  readonly backups: readonly BackupSummary[]
  readonly rules: RetentionRules
  readonly site: string
  readonly plan: string
  /** IANA zone. */
  readonly timezone: string
  /** ISO. */
  readonly now: string
}

/** Placeholder of the contract; the implementation replaces this declaration. */
export declare function decideRetention(question: RetentionQuestion): readonly RetentionDecision[]
