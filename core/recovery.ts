import type { Item } from './backup.js'

/** What to bring out of a backup where nothing of its site is left. */
export interface RecoverRequest {
  readonly backupId: string
  /** Absolute; made where it is not there. Each source gets a folder of its own in it. */
  readonly folder: string
  readonly sources?: readonly string[]
  /** Globs: only these files. */
  readonly include?: readonly string[]
  readonly allowUnauthenticated?: boolean
  /** Told of each source before it is read. */
  readonly onSource?: (source: string) => void
}

export interface RecoveredSource {
  readonly source: string
  readonly type: Item['type']
  /** Absolute. */
  readonly folder: string
  /** Absolute, of dumps; left out for trees. */
  readonly files?: readonly string[]
  /** Shell commands that load the dumps. */
  readonly load: readonly string[]
}

export interface Recovered {
  readonly backupId: string
  readonly plan: string
  readonly takenAt: string
  readonly sources: readonly RecoveredSource[]
}
