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
  readonly guard: { readonly workflowId: string; readonly runId: string }
  readonly bootId: string
  /** `command` runtime: the process of the stop, which must be gone before a start. */
  readonly stopProcess?: { readonly pid: number; readonly startTime: string }
  /** `command` runtime: the process of the start, which may still be at work when its worker was killed. */
  readonly startProcess?: { readonly pid: number; readonly startTime: string }
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
  close(service: string): Promise<void>
  list(): Promise<readonly JournalEntry[]>
  /** One at a time per service, among all processes of the host; stop, start, watchdog and settle take it. */
  withLock<T>(service: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}
