import type { HoldMode } from '../schemas/holds.js'
import type { NotCapturedCause } from '../schemas/plan.js'
import type { Authenticity } from './authenticity.js'
import type { ClearItem, EncryptedManifest } from './encrypted-manifest.js'
import type { HoldSpec } from './job.js'
import { NO_MARKS, type MarkState } from './marks.js'
import type { Source, SourceType } from '../schemas/sources.js'

export type DataVerdict = 'complete' | 'degraded' | 'suspect' | 'inconsistent' | 'failed'
export type ServicesVerdict = 'ok' | 'unhealthy' | 'held' | 'not-restarted'

/** One stored object of an item. */
export interface StoredObject {
  /** Name inside the folder of the backup. */
  readonly name: string
  readonly kind: ObjectKind
  /** What the object is one of, where the item has several: a database, a file. */
  readonly part?: string
  /** Bytes and SHA-256 before compression. */
  readonly plainBytes: number
  readonly plainSha256: string
  /** Bytes and SHA-256 as stored. */
  readonly storedBytes: number
  readonly storedSha256: string
}
export type ItemStage = 'zstd' | 'gzip' | 'encrypt'
export type ObjectKind = 'sql' | 'dump' | 'tar' | 'index' | 'sqlite' | 'globals.sql'

export interface NotCaptured {
  readonly path: string
  readonly cause: NotCapturedCause
}

/** Whole counts per cause, and the first so many by name: a manifest stays small. */
export const NOT_CAPTURED_NAMED = 1000

/** The part of a backup that came from one source. */
export interface Item {
  readonly source: string
  readonly type: SourceType
  /** As the plan had it (references to secrets included, secrets never). */
  readonly spec: Source
  /** What it was read under, services by their canonical references: a restore in place holds the same. */
  readonly hold?: HoldSpec
  /** Stages the bytes went through, in order; names of objects end in them. */
  readonly stages: readonly ItemStage[]
  readonly objects: readonly StoredObject[]
  /** What was counted: files, folders, tables … */
  readonly counts: Readonly<Record<string, number>>
  readonly notCaptured: readonly NotCaptured[]
  readonly notCapturedCounts: Readonly<Partial<Record<NotCapturedCause, number>>>
  /** Read while every service of its hold stood still, from the first byte to the last. True for what is live. */
  readonly isConsistent: boolean
  readonly startedAt: string
  readonly completedAt: string
  /** What a restore wants to know: version and encoding of the server, owner of the database … */
  readonly hints: Readonly<Record<string, string>>
  /** Versions of the tools that read it. */
  readonly tools: Readonly<Record<string, string>>
}

/** What became of one service of a hold. */
export interface HoldReport {
  readonly service: string
  readonly mode: HoldMode
  readonly stateBefore: ServiceState
  /** When the stop was asked for; downtime counts from here. */
  readonly stoppedAt: string
  readonly startedAt?: string
  readonly downtimeMs?: number
  readonly health: 'ok' | 'unhealthy' | 'held' | 'not-restarted'
  /** Other runs that keep it down. */
  readonly heldBy?: readonly string[]
}
export type ServiceState = 'running' | 'paused' | 'stopped'

/** Tink streaming AEAD with segments of 1 MiB: the only scheme there is. */
export const ENCRYPTION_SCHEME = 'tink-aes256-gcm-hkdf-1mib'

export interface ManifestEncryption {
  readonly scheme: typeof ENCRYPTION_SCHEME
  /** Of the keys that each open the backup. */
  readonly keyIds: readonly string[]
}

export const MANIFEST_FORMAT = 'holdfast.manifest/1'

/** Makes a backup self-describing. Written last, never changed: a backup is what has a manifest. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT
  readonly id: string
  readonly site: string
  readonly plan: string
  readonly description?: string
  readonly host: { readonly name: string; readonly os: string; readonly architecture: string }
  readonly versions: Readonly<Record<string, string>>
  readonly run: { readonly workflowId: string; readonly runId: string }
  readonly takenAt: string
  readonly completedAt: string
  readonly verdicts: { readonly data: Exclude<DataVerdict, 'failed'>; readonly services: ServicesVerdict }
  /** Names of the sources, where the backup has only some of the plan's. */
  readonly subsetOf?: readonly string[]
  /** What is implausible about it, each in a sentence, where the data is `suspect`. */
  readonly suspectBecause?: readonly string[]
  /** Causes that the plan tolerated when the backup was made: part of what "good" means. */
  readonly tolerate: readonly NotCapturedCause[]
  /** Left out: not encrypted. */
  readonly encryption?: ManifestEncryption
  readonly holds: readonly HoldReport[]
  readonly items: readonly Item[]
  readonly planText: string
  readonly planSha256: string
}

/** What listing and retention need of a backup: a manifest without its long parts, at one destination. */
export interface BackupSummary {
  readonly id: string
  readonly site: string
  readonly plan: string
  readonly host: string
  readonly destination: string
  readonly description?: string
  readonly takenAt: string
  readonly completedAt: string
  readonly data: Exclude<DataVerdict, 'failed'>
  readonly services: ServicesVerdict
  readonly isSubset: boolean
  /** By its manifest alone: whole, consistent, degraded only by what its plan tolerates. */
  readonly isSound: boolean
  /** Sound; not suspect, unless it was accepted; and not found damaged at this destination. */
  readonly isGood: boolean
  readonly marks: MarkState
  /** Where keys are in play: how far it can be believed. */
  readonly authenticity?: Authenticity
  /** Of the keys that it is encrypted for: as it was made, or, in a list, as it is now. */
  readonly keyIds?: readonly string[]
  readonly sources: readonly SourceSummary[]
  readonly plainBytes: number
  readonly storedBytes: number
  readonly downtimeMs: number
  readonly notCaptured: number
}

export interface SourceSummary {
  readonly name: string
  readonly type: SourceType
  readonly plainBytes: number
  /** All that was counted: files, folders, tables … */
  readonly count: number
}

/**
 * The verdict about what was read: the worst of its items. A hold that did not last outweighs what is implausible, and that
 * outweighs a file that is missing.
 */
export function dataVerdictOf(
  items: readonly Item[],
  suspectBecause: readonly string[],
): Exclude<DataVerdict, 'failed'> {
  if (items.some((item) => !item.isConsistent)) return 'inconsistent'
  if (suspectBecause.length > 0) return 'suspect'
  return items.some((item) => causesOf(item).length > 0) ? 'degraded' : 'complete'
}

/** Degraded only by causes that its plan tolerates, or not at all; whole, consistent, no subset. */
function isSound(manifest: Manifest | EncryptedManifest): boolean {
  if (manifest.subsetOf !== undefined || manifest.verdicts.data === 'inconsistent') return false
  return manifest.items.every(
    (item) => item.isConsistent && causesOf(item).every((cause) => manifest.tolerate.includes(cause)),
  )
}

const causesOf = (item: Pick<Item, 'notCapturedCounts'>): NotCapturedCause[] =>
  (Object.keys(item.notCapturedCounts) as NotCapturedCause[]).filter(
    (cause) => (item.notCapturedCounts[cause] ?? 0) > 0,
  )

export const sourceSummaryOf = (item: Item | ClearItem): SourceSummary => ({
  name: item.source,
  type: item.type,
  plainBytes: 'plainBytes' in item ? item.plainBytes : plainBytesOf(item),
  count: 'count' in item ? item.count : countOf(item),
})

/** The summary of a backup whose marks are these. */
export const withMarks = (summary: BackupSummary, marks: MarkState): BackupSummary =>
  withGoodness({ ...summary, marks })

/** What listings show: a backup that anyone could have written is not good, whatever it says of itself. */
export const judged = (summary: BackupSummary, authenticity: Authenticity | undefined): BackupSummary =>
  withGoodness({ ...summary, ...(authenticity === undefined ? {} : { authenticity }) })

const withGoodness = (summary: BackupSummary): BackupSummary => ({
  ...summary,
  isGood:
    summary.isSound &&
    (summary.data !== 'suspect' || summary.marks.isAccepted) &&
    summary.marks.verification?.outcome !== 'damaged' &&
    summary.authenticity !== 'unauthenticated',
})

/** Of a manifest alone: nothing has happened to the backup yet, and nobody has doubted it. */
export function summaryOf(manifest: Manifest | EncryptedManifest, destination: string): BackupSummary {
  const { encryption } = manifest
  const sources = manifest.items.map(sourceSummaryOf)
  const summary: BackupSummary = {
    id: manifest.id,
    site: manifest.site,
    plan: manifest.plan,
    host: manifest.host.name,
    destination,
    ...('description' in manifest && manifest.description !== undefined
      ? { description: manifest.description }
      : {}),
    takenAt: manifest.takenAt,
    completedAt: manifest.completedAt,
    data: manifest.verdicts.data,
    services: manifest.verdicts.services,
    isSubset: manifest.subsetOf !== undefined,
    isSound: isSound(manifest),
    isGood: false,
    marks: NO_MARKS,
    ...(encryption === undefined ? {} : { keyIds: encryption.keyIds }),
    sources,
    plainBytes: sum(sources.map(({ plainBytes }) => plainBytes)),
    storedBytes: sum(manifest.items.flatMap((item) => item.objects.map((object) => object.storedBytes))),
    downtimeMs: 'downtimeMs' in manifest ? manifest.downtimeMs : downtimeOf(manifest),
    notCaptured: sum(manifest.items.flatMap((item) => Object.values(item.notCapturedCounts))),
  }
  return withMarks(summary, NO_MARKS)
}

/** Of all its objects together. */
export const plainBytesOf = ({ objects }: Item): number => sum(objects.map(({ plainBytes }) => plainBytes))

/** All that was counted: files, folders, tables … */
export const countOf = ({ counts }: Item): number => sum(Object.values(counts))

/** The longest of its services. */
export const downtimeOf = ({ holds }: Manifest): number =>
  Math.max(0, ...holds.map((hold) => hold.downtimeMs ?? 0))

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
