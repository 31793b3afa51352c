import type { BackupSummary } from '../backup.js'
import type { BackupJob } from '../job.js'
import type { PreflightResult } from '../work/capture.js'
import type { DestinationTrial } from '../work/catalog.js'
import type { Told } from './finding.js'
import type { SecretWish, ToolWish, WantedTool } from './wanted.js'

export interface StateFolderFacts {
  readonly path: string
  /** Left out: there is none yet. */
  readonly folder?: {
    /** Permission bits. */
    readonly mode: number
    readonly ownerId: number
    readonly isWritable: boolean
    readonly freeBytes: number
  }
  /** Numeric id of the user that looks; -1 where the system knows none. */
  readonly userId: number
}

export interface ToolFacts {
  readonly tool: WantedTool
  readonly plans: readonly string[]
  /** Every version that is there, in words. */
  readonly found: Told<string>
}

/** What Holdfast itself runs on. */
export interface RuntimeFacts {
  readonly node: string
  readonly zstd: string
  /** Release of the time zone data, `2026a`; left out where it is not told. */
  readonly zoneData?: string
  readonly unknownZones: readonly string[]
}

export interface KeyFacts {
  readonly name: string
  readonly type: string
  readonly problem?: string
}

export interface SecretFacts {
  readonly wish: SecretWish
  /** The value is not kept: only whether there was one. */
  readonly resolved: Told<'there'>
}

export interface JournalFacts {
  readonly entries: readonly {
    readonly service: string
    readonly lease: 'read' | 'write'
    readonly deadlineAt?: string
  }[]
  readonly damaged: readonly { readonly path: string; readonly service?: string }[]
}

/** What this process can try of a backup with its own rights and settings, as a worker would. */
export interface HandsOnHost {
  tryDestination(name: string, signal: AbortSignal): Promise<DestinationTrial>
  preflight(job: BackupJob, signal: AbortSignal): Promise<PreflightResult>
  /** Backups of all plans at the destinations of holdfast.yaml, oldest first. */
  listBackups(signal: AbortSignal): Promise<readonly BackupSummary[]>
}

/** The machine that a process runs on, looked at without Temporal and without an agent. Nothing is stopped or removed. */
export interface ThisHost extends HandsOnHost {
  stateFolder(): Promise<StateFolderFacts>
  tools(wishes: readonly ToolWish[], signal: AbortSignal): Promise<readonly ToolFacts[]>
  runtime(zones: readonly string[]): Promise<RuntimeFacts>
  keys(): Promise<readonly KeyFacts[]>
  secrets(wishes: readonly SecretWish[]): Promise<readonly SecretFacts[]>
  /** Undefined: nothing was ever stopped from this state folder. */
  journal(): Promise<JournalFacts | undefined>
  /** Bytes that the spool may still take. */
  spoolRoom(): Promise<number>
  /** Whether an agent runs here: only `killed` tells more than the queues of Temporal do. */
  agent(): Promise<'not-running' | 'starting' | 'ready' | 'stopping' | 'killed'>
}
