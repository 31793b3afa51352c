import { withMarks, type BackupSummary } from './backup.js'
import type { ReplicateInput } from './copies.js'
import { decideRetention } from './retention.js'

const IS_THERE = 'it is there'
const NOT_KEPT = 'retention there would not keep it'

/** One backup at the destination that is copied from, and what is to become of it at the other. */
export interface ReplicationDecision {
  readonly backupId: string
  readonly isDue: boolean
  /** Why it is copied, or why it is not. */
  readonly because: string
}

export interface ReplicationQuestion extends Pick<ReplicateInput, 'rules' | 'timezone' | 'site' | 'plan'> {
  /** All at the destination that is copied from, deleted ones too. */
  readonly here: readonly BackupSummary[]
  /** All at the other, deleted ones too. */
  readonly there: readonly BackupSummary[]
  /** The name of the other. */
  readonly to: string
  /** ISO. */
  readonly now: string
}

/**
 * Decides which backups of a plan need a copy, newest first, each with its reason: those that are missing at the other
 * destination, and that retention there would keep. Nothing is copied that is deleted here or there, that was found damaged,
 * that proves nothing of who wrote it, or that belongs to another site. What is suspect or inconsistent is copied: it may be
 * all there is, and removes nothing.
 */
export function decideReplication(question: ReplicationQuestion): readonly ReplicationDecision[] {
  const { here, there, site, plan } = question
  const present = new Map(there.map((backup) => [backup.id, backup]))
  const refusals = new Map(here.map((backup) => [backup.id, refusal(backup, present.get(backup.id))]))
  const candidates = here.filter(({ id }) => refusals.get(id) === undefined)
  const keptBecause = reasonsToKeep(question, candidates)
  return here
    .filter((backup) => backup.site === site && backup.plan === plan)
    .sort(newestFirst)
    .map(({ id: backupId }) => {
      const because = refusals.get(backupId)
      if (because !== undefined) return { backupId, isDue: false, because }
      const [kept] = keptBecause.get(backupId) ?? []
      return kept === undefined
        ? { backupId, isDue: false, because: NOT_KEPT }
        : { backupId, isDue: true, because: kept }
    })
}

function refusal(backup: BackupSummary, there: BackupSummary | undefined): string | undefined {
  const { marks, authenticity, destination } = backup
  if (there !== undefined) return there.marks.deletion === undefined ? IS_THERE : 'its copy there is deleted'
  if (marks.deletion !== undefined) return `it is deleted at "${destination}"`
  if (marks.verification?.outcome === 'damaged') return `it was found damaged at "${destination}"`
  if (authenticity === 'unauthenticated') return 'nothing proves who made it'
  return undefined
}

/** As if they all were there already. */
function reasonsToKeep(
  { rules, there, to, ...question }: ReplicationQuestion,
  candidates: readonly BackupSummary[],
): ReadonlyMap<string, readonly string[]> {
  if (rules === undefined) return new Map(candidates.map(({ id }) => [id, ['everything is kept there']]))
  const copies = candidates.map((backup) => asCopy(backup, to))
  const decisions = decideRetention({ ...question, rules, backups: [...there, ...copies] })
  return new Map(decisions.map(({ backupId, keptBecause }) => [backupId, keptBecause]))
}

/** Verifications are of one destination; all else that was said of a backup is said of its copies. */
function asCopy(backup: BackupSummary, destination: string): BackupSummary {
  const { verification: _, ...marks } = backup.marks
  return withMarks({ ...backup, destination }, marks)
}

/** Ids break ties, so that the order of the input never matters. */
const newestFirst = (one: BackupSummary, other: BackupSummary): number =>
  new Date(other.takenAt).getTime() - new Date(one.takenAt).getTime() || (one.id < other.id ? 1 : -1)

export interface Due {
  /** To be copied now, in this order. */
  readonly now: readonly string[]
  /** How many are due and wait for another time. */
  readonly left: number
  /** The one that was asked for is not copied, and is not there: why. */
  readonly refused?: { readonly backupId: string; readonly problem: string }
}

/** What of it is done now: the backup that was asked for, whatever retention there says, then some of the others. */
export function pickDue(
  decisions: readonly ReplicationDecision[],
  { backupId, othersAtMost, from }: Pick<ReplicateInput, 'backupId' | 'othersAtMost' | 'from'>,
): Due {
  const others = decisions.filter((decision) => decision.isDue && decision.backupId !== backupId)
  const now = others.slice(0, othersAtMost).map((decision) => decision.backupId)
  // Who asks for one backup has not asked for the others.
  const left = othersAtMost === 0 ? 0 : others.length - now.length
  if (backupId === undefined) return { now, left }
  const asked = decisions.find((decision) => decision.backupId === backupId)
  if (asked === undefined)
    return { now, left, refused: { backupId, problem: `it is not to be seen at "${from}"` } }
  if (asked.isDue || asked.because === NOT_KEPT) return { now: [backupId, ...now], left }
  return asked.because === IS_THERE
    ? { now, left }
    : { now, left, refused: { backupId, problem: asked.because } }
}

const DAY_MS = 86_400_000
/** So long before the plan's next run, its copies are left to that one. */
const MARGIN_MS = 10 * 60_000
/** A plan that runs every few minutes still gets its copies: half of the time until its next run, and never less than this. */
const LEAST_MS = 60_000

/** How long copies may take, and be tried again: until shortly before the next run of the plan, and never more than a day. */
export function replicationLimitMs(now: number, nextRunAt: number | undefined): number {
  if (nextRunAt === undefined) return DAY_MS
  const until = nextRunAt - now
  return Math.min(DAY_MS, Math.max(until - MARGIN_MS, until / 2, LEAST_MS))
}
