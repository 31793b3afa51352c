import type { BackupSummary } from '../backup.js'
import { formatBytes, formatDuration } from '../units.js'
import type { DestinationTrial } from '../work/catalog.js'
import { failedFinding, fine, type Finding, type Told } from './finding.js'

/** A destination, as plans of one host use it. */
export interface DestinationUse {
  readonly destination: string
  readonly host: string
  /** Plans that write to it first. */
  readonly first: readonly string[]
  /** Plans that only have copies there. */
  readonly copies: readonly string[]
}

/** Stores refuse requests that are signed a quarter of an hour off; a minute is more than clocks that are kept ever differ. */
const CLOCKS_APART_MS = 60_000
/** Room for so many more backups like the last ones is no reason to look. */
const COMFORTABLE_BACKUPS = 3

/** What plans of a host need a destination for; of each that is used there. */
export function usesOf(
  plans: readonly {
    readonly name: string
    readonly host: string
    readonly job: { readonly destinations: readonly string[] }
  }[],
): readonly DestinationUse[] {
  const pairs = new Map<string, { destination: string; host: string; first: string[]; copies: string[] }>()
  for (const { name, host, job } of plans) {
    for (const [index, destination] of job.destinations.entries()) {
      const key = JSON.stringify([host, destination])
      const use = pairs.get(key) ?? { destination, host, first: [], copies: [] }
      use[index === 0 ? 'first' : 'copies'].push(name)
      pairs.set(key, use)
    }
  }
  return [...pairs.values()]
}

/** Destinations of holdfast.yaml that no plan names. */
export const judgeUnused = (
  destinations: readonly string[],
  uses: readonly DestinationUse[],
): readonly Finding[] =>
  destinations
    .filter((name) => !uses.some(({ destination }) => destination === name))
    .map((name) => ({
      ...{ area: 'destinations', severity: 'warning' },
      what: `No plan uses destination "${name}": it was not tried.`,
      mend: `holdfast destination check ${name}`,
    }))

/** What trying a destination came to, and what its room and its clock mean. `backups`: what is known of those before. */
export function judgeDestination(
  use: DestinationUse,
  told: Told<DestinationTrial>,
  backups: readonly BackupSummary[],
): readonly Finding[] {
  const { destination, host, first, copies } = use
  if ('failed' in told) {
    const why =
      first.length > 0
        ? `Backups of ${first.join(', ')} go there.`
        : `Copies of the backups of ${copies.join(', ')} go there: runs end partial without it.`
    const severity = first.length > 0 ? 'problem' : 'warning'
    return [failedFinding({ area: 'destinations', severity, why }, told.failed, `From host "${host}": `)]
  }
  const { bytes, writeMs, readMs, freeBytes, clockDifferenceMs } = told.value
  const speeds = `written in ${formatDuration(writeMs)}, read in ${formatDuration(readMs)}`
  return [
    fine(
      'destinations',
      `Destination "${destination}" works from host "${host}" (${formatBytes(bytes)} ${speeds}).`,
    ),
    ...(freeBytes === undefined ? [] : [judgeRoom(use, freeBytes, backups)]),
    judgeClock(use, clockDifferenceMs),
  ]
}

function judgeRoom(
  { destination, first, copies }: DestinationUse,
  freeBytes: number,
  backups: readonly BackupSummary[],
): Finding {
  const plans = [...first, ...copies]
  const needed = plans
    .map((plan) => lastSize(plan, backups))
    .reduce((sum: number, size) => sum + (size ?? 0), 0)
  const free = formatBytes(freeBytes)
  const those = `the last backups of ${plans.join(', ')} took ${formatBytes(needed)}`
  if (needed === 0)
    return fine(
      'space',
      `Destination "${destination}" has ${free} free; there is no backup yet to compare with.`,
    )
  if (freeBytes >= COMFORTABLE_BACKUPS * needed)
    return fine('space', `Destination "${destination}" has ${free} free; ${those}.`)
  return {
    area: 'space',
    severity: freeBytes < needed ? 'problem' : 'warning',
    what: `Destination "${destination}" has ${free} left; ${those}.`,
    why: 'A backup that does not fit fails, and the one before stays the newest.',
    mend: `Make room there, or see what retention would remove: holdfast backup cleanup ${plans[0] ?? ''} --dry-run`,
  }
}

/** Bytes that the newest whole backup of a plan takes. */
const lastSize = (plan: string, backups: readonly BackupSummary[]): number | undefined =>
  newestOf(backups.filter((backup) => backup.plan === plan && !backup.isSubset))?.storedBytes

const newestOf = (backups: readonly BackupSummary[]): BackupSummary | undefined =>
  backups.reduce<BackupSummary | undefined>(
    (newest, backup) => (newest === undefined || backup.takenAt > newest.takenAt ? backup : newest),
    undefined,
  )

function judgeClock({ destination, host }: DestinationUse, differenceMs: number): Finding {
  if (Math.abs(differenceMs) <= CLOCKS_APART_MS)
    return fine('clock', `The clocks of host "${host}" and of destination "${destination}" agree.`)
  return {
    ...{ area: 'clock', severity: 'warning' },
    what: `The clock of destination "${destination}" is ${formatDuration(Math.abs(differenceMs))} ${differenceMs > 0 ? 'ahead of' : 'behind'} that of host "${host}".`,
    why: 'Stores refuse clocks that are far off, and retention counts days by them.',
    mend: 'See which of them is wrong: timedatectl',
  }
}

/** A host whose clock is behind what was written already. */
export function judgeNewest(backups: readonly BackupSummary[], now: Date): readonly Finding[] {
  const newest = newestOf(backups)
  if (newest === undefined) return []
  const aheadMs = new Date(newest.takenAt).getTime() - now.getTime()
  if (aheadMs <= CLOCKS_APART_MS) return []
  return [
    {
      ...{ area: 'clock', severity: 'warning' },
      what: `The clock is ${formatDuration(aheadMs)} before the newest backup, ${newest.id}.`,
      why: 'Nothing is removed by retention while that is so.',
      mend: 'Set the clock right: timedatectl set-ntp true',
    },
  ]
}

export interface SpoolFacts {
  /** Plans of this host whose held sources go through the spool. */
  readonly plans: readonly string[]
  readonly roomBytes: number
}

/** One run after another fills the spool: the largest counts. */
export function judgeSpool(
  { plans, roomBytes }: SpoolFacts,
  backups: readonly BackupSummary[],
): readonly Finding[] {
  if (plans.length === 0) return []
  const largest = Math.max(0, ...plans.map((plan) => lastSize(plan, backups) ?? 0))
  const room = formatBytes(roomBytes)
  if (roomBytes > largest) return [fine('space', `The spool has room for ${room}.`)]
  return [
    {
      ...{ area: 'space', severity: 'warning' },
      what: `The spool has room for ${room}; the largest of the last backups that go through it took ${formatBytes(largest)}.`,
      why: 'Services stay down until what does not fit is uploaded.',
      mend: 'Make room on the disk of the state folder, or raise `limits.spool` in holdfast.yaml.',
    },
  ]
}
