import type { Authenticity } from '../authenticity.js'
import type { BackupSummary, Manifest } from '../backup.js'
import type { BackupCopy } from '../copies.js'
import type { EncryptedManifest } from '../encrypted-manifest.js'
import type { RetentionRules, VerifyDepth } from '../job.js'
import type { MarkState } from '../marks.js'
import type { RetentionDecision } from '../retention.js'

// What is asked of destinations, and what they tell: finding, marking, expiring and verifying backups. Plain JSON.

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
