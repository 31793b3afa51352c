import type { HoldReport, ServicesVerdict } from '../backup.js'
import type { HoldSpec, NamedSource } from '../job.js'
import type { RestoreScope, RestoreSummary } from '../restore-end.js'
import type { BackupReference } from './catalog.js'

// From a request to data in its place: what workflows ask of activities, and what they get back. Plain JSON.

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
  /** For `children` and `overlay`: below the target, what other sources have there; as bytes in Latin-1. Left out: nothing. */
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
