import { compare } from './compare.js'
import type { BackupSummary } from './backup.js'
import type { ErrorCode } from './errors.js'
import { counted, parsePercent } from './units.js'

/** How much of what lies at a destination one verification reads. Whole backups: a mark speaks of all of a backup. */
export type Sample = { readonly backups: number } | { readonly share: number }

export const ALL: Sample = { share: 1 }

/** What one verification reads at most: the rest has waited for less long, and comes next time. */
export const READ_AT_MOST = 1000

/** What a verification of a plan is asked to do. Names things, holds no secret. */
export interface VerifyJob {
  readonly jobVersion: 1
  readonly site: string
  readonly host: string
  readonly plan: string
  readonly destinations: readonly string[]
  /** Of each destination. */
  readonly sample: Sample
}

/** `10%` or a number of backups. The text was validated against SAMPLE_PATTERN. */
export const parseSample = (text: string | number): Sample =>
  typeof text === 'string' && text.endsWith('%') ? { share: parsePercent(text) } : { backups: Number(text) }

export const sampleInWords = (sample: Sample): string => {
  if ('backups' in sample) return sample.backups === 1 ? 'one backup' : counted(sample.backups, 'backup')
  return sample.share === 1 ? 'all backups' : `${Math.round(sample.share * 100)}% of the backups`
}

/** One backup at one destination. */
export interface ChosenBackup {
  readonly backupId: string
  readonly destination: string
}

export interface ChosenBackups {
  /** In the order in which they are read. */
  readonly chosen: readonly ChosenBackup[]
  /** How many there are to choose from. */
  readonly of: number
  /** What could not be listed, each in a sentence. */
  readonly problems: readonly string[]
}

/**
 * Which backups are read: of each destination those that nobody has read for longest, where one that was never read counts
 * from when it was taken. So whatever stays for long enough is read, however small the sample. Of what there is at least one
 * backup is read. `backups` may hold anything; what belongs to others, or is deleted, is left out.
 */
export function chooseBackups(
  backups: readonly BackupSummary[],
  { site, plan, destinations, sample }: Pick<VerifyJob, 'site' | 'plan' | 'destinations' | 'sample'>,
): Omit<ChosenBackups, 'problems'> {
  const ours = backups.filter(
    (backup) => backup.site === site && backup.plan === plan && backup.marks.deletion === undefined,
  )
  const places = destinations.map((destination) => ours.filter((one) => one.destination === destination))
  const chosen = places.flatMap((there) => there.toSorted(byLastRead).slice(0, sizeOf(sample, there.length)))
  return {
    chosen: chosen
      .toSorted(byLastRead)
      .slice(0, READ_AT_MOST)
      .map(({ id, destination }) => ({ backupId: id, destination })),
    of: places.flat().length,
  }
}

const sizeOf = (sample: Sample, count: number): number =>
  'backups' in sample ? sample.backups : Math.ceil(sample.share * count)

const lastRead = ({ marks, takenAt }: BackupSummary): number =>
  new Date(marks.verification?.at ?? takenAt).getTime()

/** Those of one moment always in the same order: another attempt must choose the same. */
const byLastRead = (one: BackupSummary, other: BackupSummary): number =>
  lastRead(one) - lastRead(other) ||
  compare(`${one.id} ${one.destination}`, `${other.id} ${other.destination}`)

/** What became of one backup of a verification. */
export interface VerifiedBackup extends ChosenBackup {
  /** `not-done`: it could not be read, which says nothing about it. `gone`: it was removed meanwhile. */
  readonly outcome: 'verified' | 'damaged' | 'not-done' | 'gone'
  readonly objects: number
  readonly bytes: number
  /** The first that is wrong, or why it could not be read. */
  readonly problem?: string
  /** What could not be looked into. */
  readonly note?: string
}

/** What a verification of a plan came to. */
export interface PlanVerification {
  readonly plan: string
  /** How many backups there were to choose from. */
  readonly of: number
  /** In the order in which they were read. */
  readonly backups: readonly VerifiedBackup[]
  /** What could not be listed, each in a sentence. */
  readonly problems: readonly string[]
}

/** Good: everything that was chosen was read, and is as it was recorded. */
export const outcomeOfVerification = (
  report: Pick<PlanVerification, 'backups' | 'problems'>,
): 'good' | 'not-good' => (hasDamage(report) || whyIncomplete(report) !== undefined ? 'not-good' : 'good')

export const hasDamage = ({ backups }: Pick<PlanVerification, 'backups'>): boolean =>
  backups.some(({ outcome }) => outcome === 'damaged')

/** Why less was read than was chosen, in a sentence. Undefined: all of it was read. */
export function whyIncomplete({
  backups,
  problems,
}: Pick<PlanVerification, 'backups' | 'problems'>): string | undefined {
  const unread = backups.filter(({ outcome }) => outcome === 'not-done')
  const [first] = unread
  if (first !== undefined)
    return `${unread.length} of ${counted(backups.length, 'backup')} could not be read, ${first.backupId} for one: ${first.problem}`
  return problems[0]
}

/** Whether what failed with one backup would fail with all others of its destination too. */
export const failsThroughout = (code: ErrorCode): boolean =>
  code.startsWith('destination.') || code === 'agent.offline'
