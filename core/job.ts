import type { Compression, NotCapturedCause } from '../schemas/plan.js'
import type { HeldServices, HoldMode } from '../schemas/holds.js'
import type { Retention } from '../schemas/retention.js'
import type { Source } from '../schemas/sources.js'

/** What a compiled plan asks of a backup run. Names things (destinations, services, secrets), holds no secret. */
export interface BackupJob {
  readonly jobVersion: 1
  readonly site: string
  readonly host: string
  readonly plan: string
  /** Text of the plan file: goes into the manifest, so that a plan can be had back from its backups. */
  readonly planText: string
  readonly planSha256: string
  /** Read in this order: what is live first, then one set per hold. */
  readonly sets: readonly SourceSet[]
  readonly compression: Required<Compression>
  /** Left out: not encrypted. */
  readonly encryption?: JobEncryption
  /** The first receives the stream; the others get copies after the services are back. */
  readonly destinations: readonly string[]
  /** Left out: nothing is ever removed. */
  readonly retention?: RetentionRules
  /** Of destinations that have rules of their own: all their rules. */
  readonly retentionAt?: Readonly<Record<string, RetentionRules>>
  /** IANA zone in which days, weeks and months of retention are counted. */
  readonly timezone: string
  readonly timeoutMs: number
  /** How often a whole set is tried. */
  readonly attempts: number
  readonly tolerate: readonly NotCapturedCause[]
  /** How the backup is verified before the run ends. Left out: not at all. */
  readonly verifyAfter?: VerifyDepth
  /** Left out: every backup is believed. */
  readonly plausibility?: PlausibilityLimits
}

/**
 * `readBack`: every object is read, decompressed, and looked into (archives walked, dumps listed, databases checked).
 * `checksum`: its stored bytes are compared with their recorded digest, and no more.
 */
export type VerifyDepth = 'readBack' | 'checksum'

/** What a source may have at least, as a share of what is usual. */
export interface PlausibilityLimits {
  readonly size: number
  readonly count: number
}

/** Names of keys of holdfast.yaml: each of them alone opens the backup. The first makes its data key. */
export interface JobEncryption {
  readonly keys: readonly string[]
}

/** The sources that are read under one hold; without a hold they are live. */
export interface SourceSet {
  readonly hold?: PlannedHold
  readonly sources: readonly NamedSource[]
}

/** The same, as its host knows its services. */
export interface ResolvedSet extends Omit<SourceSet, 'hold'> {
  readonly hold?: ResolvedHold
}

export interface NamedSource {
  readonly name: string
  /** As in the plan, without `live` and `hold`, which the sets express. */
  readonly source: Source
}

export interface HoldSpec {
  /** Canonical references, in stop order. */
  readonly services: readonly string[]
  readonly mode: HoldMode
  readonly maxDowntimeMs: number
  readonly stopTimeoutMs: number
  readonly onInconsistent: 'keep' | 'fail'
  readonly healthyWithinMs: number
}

/** A hold as the plan writes it: hosts find out which services that means, and in what order they stop. */
export interface PlannedHold extends Omit<HoldSpec, 'services'> {
  readonly services: readonly HeldServices[]
  /** What services of the hold need, besides what their runtimes say; references on both sides. */
  readonly after?: Readonly<Record<string, readonly string[]>>
}

export interface ResolvedHold extends HoldSpec {
  /** By service of the hold: the next one that stops after it, and what it needs that the hold does not stop. Canonical references. */
  readonly startAfter: Readonly<Record<string, readonly string[]>>
}

/** How long a deleted backup stays where its plan says nothing. */
export const DEFAULT_QUARANTINE_MS = 3 * 86_400_000

/** Retention with its durations in milliseconds and its defaults filled in. */
export type RetentionRules = Omit<Retention, 'keepWithin' | 'minimum' | 'quarantine' | 'destinations'> & {
  readonly keepWithinMs?: number
  /** Left out: `DEFAULT_QUARANTINE_MS`. */
  readonly quarantineMs?: number
  readonly minimum: number
}

/** The rules that hold at one destination of the job; undefined: nothing is ever removed there. */
export const rulesAt = (
  { retention, retentionAt }: Pick<BackupJob, 'retention' | 'retentionAt'>,
  destination: string,
): RetentionRules | undefined => retentionAt?.[destination] ?? retention

/** Input of the backupRun workflow. A scheduled run has no id yet: the workflow forms it from its nominal time. */
export interface BackupRunInput {
  readonly job: BackupJob
  readonly backupId?: string
  /** What people said of it: `--description`. */
  readonly description?: string
  /** Only these sources: the backup is a subset, which counts neither as good nor for retention. */
  readonly onlySources?: readonly string[]
  readonly startedBy: 'schedule' | 'person'
}
