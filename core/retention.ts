import { calendarOf, type Calendar } from './calendar.js'
import type { BackupSummary } from './backup.js'
import type { RetentionRules } from './job.js'
import { formatDuration } from './units.js'

/** One backup, and why it is kept. No reason: it goes. */
export interface RetentionDecision {
  readonly backupId: string
  readonly takenAt: string
  readonly isGood: boolean
  /** `daily 2026-03-01`, `last 2 of 7`, `minimum of 2`, `taken in the future` … */
  readonly keptBecause: readonly string[]
}

export interface RetentionQuestion {
  /** All that lie at one destination. */
  readonly backups: readonly BackupSummary[]
  readonly rules: RetentionRules
  readonly site: string
  readonly plan: string
  /** IANA zone. */
  readonly timezone: string
  /** ISO. */
  readonly now: string
  /** How often the plan runs, where it has a schedule. */
  readonly intervalMs?: number
}

/** Without a good backup for longer than this (or three intervals), something is wrong, and nothing goes. */
const TRUSTED_FOR_MS = 7 * 86_400_000

interface Candidate {
  readonly summary: BackupSummary
  readonly takenAt: number
  readonly reasons: string[]
}

/**
 * Decides which backups stay: the union of all rules, newest first, each with its reasons. Backups of other sites and
 * plans are not its business and do not appear.
 *
 * Only good backups count. One that is not good never takes the place of a good one: it stays while it is newer than
 * the newest good one, within `keepWithin`, and where it *stands in*: a rule keeps, uncounted, as many again from its
 * periods that have no good backup, so that one good backup never wipes out a history of imperfect ones.
 *
 * Among the good ones of a period, one that was verified goes before newer ones that were not, and the newest that was
 * verified stays in any case. Pins stay, and what is marked in a way that cannot be read. What is deleted already does not
 * appear.
 *
 * Nothing goes without a rule that keeps something, without a good backup, while the newest good one is older than
 * seven days or three intervals, or while the clock is before the newest backup (then the clock is wrong).
 */
export function decideRetention(question: RetentionQuestion): readonly RetentionDecision[] {
  const now = timeOf(question.now)
  const own = ownOf(question)
  const candidates = own.filter(({ summary }) => summary.marks.deletion === undefined)
  const good = candidates.filter(({ summary }) => summary.isGood)

  applyPeriods(candidates, question.rules, calendarOf(question.timezone))
  applyAges(candidates, question.rules, now)
  applyMarks(candidates)
  applyMinimum(good, question.rules.minimum)
  applyNewestVerified(good)
  applyNewerThanGood(candidates, good[0])
  applyUnauthenticated(candidates)
  applyStandstill(
    candidates,
    hasRule(question.rules) ? standstillReason(question) : 'no rule removes anything',
  )

  return candidates.map(({ summary, reasons }) => ({
    backupId: summary.id,
    takenAt: summary.takenAt,
    isGood: summary.isGood,
    keptBecause: reasons,
  }))
}

const ownOf = ({ backups, site, plan }: Pick<RetentionQuestion, 'backups' | 'site' | 'plan'>): Candidate[] =>
  backups
    .filter((backup) => backup.site === site && backup.plan === plan)
    .map((summary): Candidate => ({ summary, takenAt: timeOf(summary.takenAt), reasons: [] }))
    .sort(newestFirst)

function applyPeriods(candidates: readonly Candidate[], rules: RetentionRules, calendar: Calendar): void {
  keepPeriods(candidates, rules.keepLast, ({ summary }) => summary.id, lastReason)
  for (const [rule, period] of PERIODS)
    keepPeriods(candidates, rules[rule], ({ takenAt }) => calendar[period](takenAt), periodReason(period))
}

const PERIODS = [
  ['keepHourly', 'hourly'],
  ['keepDaily', 'daily'],
  ['keepWeekly', 'weekly'],
  ['keepMonthly', 'monthly'],
  ['keepYearly', 'yearly'],
] as const

interface KeptPeriod {
  readonly key: string
  readonly place: number
  readonly count: number
}
type ReasonOf = (kept: KeptPeriod) => string

const lastReason: ReasonOf = ({ place, count }) => `last ${place} of ${count}`
const periodReason =
  (period: string): ReasonOf =>
  ({ key }) =>
    `${period} ${key}`

/** The newest good backup of each of the newest `count` periods; beside them what stands in for periods without one. */
function keepPeriods(
  candidates: readonly Candidate[],
  count: number | undefined,
  keyOf: (candidate: Candidate) => string,
  reasonOf: ReasonOf,
): void {
  if (!count) return
  const good = newestOfPeriods(
    candidates.filter(({ summary }) => summary.isGood),
    keyOf,
    isVerified,
  )
  const kept = [...good].slice(0, count)
  kept.forEach(([key, candidate], index) =>
    candidate.reasons.push(reasonOf({ key, place: index + 1, count })),
  )

  // With all its places taken by good ones, a rule has no interest in what is older.
  const reach = kept.length === count ? kept.at(-1)![1].takenAt : -Infinity
  const others = newestOfPeriods(
    candidates.filter(({ summary }) => !summary.isGood),
    keyOf,
  )
  ;[...others]
    .filter(([key, candidate]) => !good.has(key) && candidate.takenAt >= reach)
    .slice(0, count)
    .forEach(([key, candidate], index) =>
      candidate.reasons.push(`not good, stands in: ${reasonOf({ key, place: index + 1, count })}`),
    )
}

/** Candidates come newest first: the first of a period is its newest. One that is preferred takes the place of one that is not. */
function newestOfPeriods(
  candidates: readonly Candidate[],
  keyOf: (candidate: Candidate) => string,
  isPreferred: (candidate: Candidate) => boolean = () => false,
): Map<string, Candidate> {
  const newest = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const key = keyOf(candidate)
    const before = newest.get(key)
    if (!before || (isPreferred(candidate) && !isPreferred(before))) newest.set(key, candidate)
  }
  return newest
}

const isVerified = ({ summary }: Candidate): boolean => summary.marks.verification?.outcome === 'verified'

function applyAges(candidates: readonly Candidate[], rules: RetentionRules, now: number): void {
  for (const { takenAt, reasons } of candidates) {
    if (takenAt > now) reasons.push('taken in the future')
    else if (rules.keepWithinMs !== undefined && now - takenAt <= rules.keepWithinMs)
      reasons.push(`within ${formatDuration(rules.keepWithinMs)}`)
  }
}

function applyMarks(candidates: readonly Candidate[]): void {
  for (const { summary, reasons } of candidates) {
    const { pin, hasUnreadable } = summary.marks
    if (pin) reasons.push(pin.because === undefined ? 'pinned' : `pinned: ${pin.because}`)
    if (hasUnreadable) reasons.push('a mark of it cannot be read or checked')
  }
}

/** What is proven to be readable is worth more than what only might be. */
function applyNewestVerified(good: readonly Candidate[]): void {
  good.find(isVerified)?.reasons.push('the newest that was verified')
}

function applyMinimum(good: readonly Candidate[], minimum: number): void {
  for (const { reasons } of good.slice(0, Math.max(1, minimum)))
    reasons.push(`minimum of ${Math.max(1, minimum)}`)
}

function applyNewerThanGood(candidates: readonly Candidate[], newestGood: Candidate | undefined): void {
  for (const candidate of candidates) {
    if (candidate === newestGood) return
    if (newestGood) candidate.reasons.push('not good, but newer than the newest good one')
  }
}

/** Anyone could have put it there, or it is from before there were keys: a person decides what becomes of it. */
function applyUnauthenticated(candidates: readonly Candidate[]): void {
  for (const { summary, reasons } of candidates)
    if (summary.authenticity === 'unauthenticated') reasons.push('unauthenticated: removed by hand only')
}

function applyStandstill(candidates: readonly Candidate[], reason: string | undefined): void {
  if (reason === undefined) return
  for (const { reasons } of candidates) if (reasons.length === 0) reasons.push(reason)
}

/**
 * Why nothing at all may go now, if so, and nothing that retention has deleted may be removed: without a good backup,
 * while the newest good one is too old, or while the clock is before the newest backup.
 */
export function standstillReason(
  question: Pick<RetentionQuestion, 'backups' | 'site' | 'plan' | 'now' | 'intervalMs'>,
): string | undefined {
  const { intervalMs } = question
  const now = timeOf(question.now)
  const own = ownOf(question)
  const newestGood = own.find(({ summary }) => summary.isGood && summary.marks.deletion === undefined)
  if (!newestGood) return 'there is no good backup'
  // Deleted or not, it was made before now.
  if (own.some((candidate) => finishedAt(candidate) > now)) return 'the clock is before the newest backup'
  const trustedMs = Math.max(TRUSTED_FOR_MS, 3 * (intervalMs ?? 0))
  if (now - finishedAt(newestGood) > trustedMs)
    return `no good backup for more than ${formatDuration(trustedMs)}`
  return undefined
}

/** `minimum` alone says what must not go, not what may. A rule of 0 keeps nothing: it is none. */
const hasRule = (rules: RetentionRules): boolean =>
  Boolean(rules.keepLast || rules.keepWithinMs) || PERIODS.some(([rule]) => Boolean(rules[rule]))

/** The later of its two times: a scheduled run is named after its nominal time, and ends later. */
const finishedAt = ({ summary, takenAt }: Candidate): number => Math.max(takenAt, timeOf(summary.completedAt))

/** Ids break ties, so that the order of the input never matters. */
const newestFirst = (one: Candidate, other: Candidate): number =>
  other.takenAt - one.takenAt || (one.summary.id < other.summary.id ? 1 : -1)

const timeOf = (iso: string): number => new Date(iso).getTime()
