import type { HoldMode } from '../../schemas/holds.js'
import type { ServiceState } from '../../core/backup.js'

/** What we stopped and owe a start: one file per service, fsynced before the stop, removed after the start was seen to work. */
export interface JournalEntry {
  readonly entryVersion: 1
  /** Canonical reference. */
  readonly service: string
  readonly stateBefore: ServiceState
  readonly startedAtBefore?: string
  readonly identity?: string
  readonly mode: HoldMode
  readonly lease: 'read' | 'write'
  /** Of a write lease: the restore that it belongs to. Only that restore may take the entry over. */
  readonly restoreId?: string
  /** ISO; a start counts only when it is later than this. */
  readonly stopRequestedAt: string
  /** ISO; not of a write lease. */
  readonly deadlineAt?: string
  readonly stopTimeoutMs: number
  /** How long the plan gives it to become healthy after its start. */
  readonly healthyWithinMs?: number
  /** Canonical references of services that it needs and that ran before: they start first. */
  readonly startAfter?: readonly string[]
  readonly guard: { readonly workflowId: string; readonly runId: string }
  readonly bootId: string
  /** `command` runtime: the process of the stop, which must be gone before a start. */
  readonly stopProcess?: { readonly pid: number; readonly startTime: string }
  /** `command` runtime: the process of the start, which may still be at work when its worker was killed. */
  readonly startProcess?: { readonly pid: number; readonly startTime: string }
}

/** A file of the journal that is no entry, or not a whole one: somebody may be owed a start. */
export interface DamagedEntry {
  readonly name: string
  readonly path: string
  /** As far as the name of the file tells it. */
  readonly service?: string
}

/** One damaged entry never hides the others. */
export interface JournalListing {
  readonly entries: readonly JournalEntry[]
  readonly damaged: readonly DamagedEntry[]
}

export interface Journal {
  /** For messages: `<stateDir>/journal`. */
  readonly folder: string
  /** Of this boot of the host. */
  readonly bootId: string
  /** Creates the entry (O_EXCL, fsync of file and folder). One that exists already wins, and is returned instead. */
  open(entry: Omit<JournalEntry, 'bootId' | 'entryVersion'>): Promise<JournalEntry>
  /** Fails with `journal.damaged`. */
  read(service: string): Promise<JournalEntry | undefined>
  /** Replaces an entry of ours atomically: a later lease changes its kind, a stop its process. */
  update(entry: JournalEntry): Promise<void>
  /** Forgets the entry, also a damaged one. */
  close(service: string): Promise<void>
  /** Empty, too, when there is no folder yet. Fails with `journal.unusable`. */
  list(): Promise<JournalListing>
  /** One at a time per service, among all processes of the host; stop, start, watchdog and settle take it. */
  withLock<T>(service: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}
