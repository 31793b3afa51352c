import { compare } from './compare.js'
import type { Authenticity } from './authenticity.js'
import type { BackupSummary } from './backup.js'
import type { RetentionRules } from './job.js'
import type { MarkState } from './marks.js'

/** What a backup is at one destination: the bytes are the same everywhere, what happened to them later is not. */
export interface BackupCopy {
  readonly destination: string
  readonly isGood: boolean
  readonly marks: MarkState
  /** Where keys are in play: how far it can be believed. */
  readonly authenticity?: Authenticity
}

/** One backup with all its copies. Everything but `copies` is as the best of them has it. */
export interface ListedBackup extends BackupSummary {
  /** In the order of holdfast.yaml. */
  readonly copies: readonly BackupCopy[]
}

/** Whether all destinations of a plan have what they should have. */
export type CopiesVerdict = 'complete' | 'partial'

/** What a run asks for at one destination besides the first. */
export interface ReplicateInput {
  readonly plan: string
  readonly site: string
  readonly from: string
  readonly to: string
  /** Retention at `to`: what it would remove at once is not copied. Left out: everything is kept there. */
  readonly rules?: RetentionRules
  /** IANA zone in which these rules count. */
  readonly timezone: string
  /** This one in any case, and first. */
  readonly backupId?: string
  /** Of the other backups that are missing: so many of the newest. */
  readonly othersAtMost: number
}

/** What became of it. */
export interface CopyReport {
  readonly destination: string
  /** Ids of the backups that were copied now, in their order. */
  readonly copied: readonly string[]
  readonly bytes: number
  /** Backups whose copy could not be made, each with why. */
  readonly failed: readonly { readonly backupId: string; readonly problem: string }[]
  /** How many more are missing there: for another time. */
  readonly left: number
  /** Why nothing more could be done at this destination. */
  readonly problem?: string
}

/** Details of the heartbeat of a copy: another attempt counts on from there. */
export interface CopyProgress extends Pick<CopyReport, 'destination' | 'copied' | 'bytes'> {
  /** Of the backup that is being copied. */
  readonly backupId?: string
  readonly backupBytes: number
  readonly backupTotalBytes: number
}

export const isCopied = ({ failed, problem }: CopyReport): boolean =>
  failed.length === 0 && problem === undefined

export const copiesVerdictOf = (reports: readonly CopyReport[]): CopiesVerdict =>
  reports.every(isCopied) ? 'complete' : 'partial'

/** Which copy is read where nobody says: the first good one, else the first that is not known to be damaged, else the first. */
export const bestCopy = <T extends Pick<BackupCopy, 'isGood' | 'marks'>>(
  copies: readonly T[],
): T | undefined =>
  copies.find(({ isGood }) => isGood) ??
  copies.find(({ marks }) => marks.verification?.outcome !== 'damaged') ??
  copies[0]

/**
 * Backups of several destinations as a person thinks of them: one for each id, oldest first.
 *
 * @param order names of destinations, those that are preferred first
 */
export function mergeCopies(
  summaries: readonly BackupSummary[],
  order: readonly string[],
): readonly ListedBackup[] {
  const byId = new Map<string, BackupSummary[]>()
  for (const summary of summaries) byId.set(summary.id, [...(byId.get(summary.id) ?? []), summary])
  const rankOf = ({ destination }: BackupSummary) => {
    const rank = order.indexOf(destination)
    return rank < 0 ? order.length : rank
  }
  const merged = [...byId.values()].flatMap((same): ListedBackup[] => {
    const inOrder = [...same].sort(
      (one, other) => rankOf(one) - rankOf(other) || compare(one.destination, other.destination),
    )
    const best = bestCopy(inOrder)
    return best === undefined ? [] : [{ ...best, copies: inOrder.map(copyOf) }]
  })
  return merged.sort((one, other) => compare(one.takenAt, other.takenAt) || compare(one.id, other.id))
}

const copyOf = ({ destination, isGood, marks, authenticity }: BackupSummary): BackupCopy => ({
  ...{ destination, isGood, marks },
  ...(authenticity === undefined ? {} : { authenticity }),
})
