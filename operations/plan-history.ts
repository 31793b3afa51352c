import { HoldfastError } from '../core/errors.js'
import type { HoldReport } from '../core/backup.js'
import { isSealed } from '../core/encrypted-manifest.js'
import type { Site } from '../core/site.js'
import type { CompiledPlan } from '../plan/compile.js'
import { findBackup, listBackups } from './backups.js'
import { previewCleanup, type CleanupPreview } from './maintenance.js'
import { told } from './told.js'
import { withSession, type OperationsWorld, type Session } from './session.js'

/** What its backups say of a plan. */
export interface PlanHistory {
  /** Left out where there is none, or nobody could be asked. */
  readonly newestGood?: PastBackup
  /** Of the newest good backups, `newestGood` among them: how many, and the longest that a service was down. */
  readonly downtimes?: { readonly backups: number; readonly longestMs: number }
  /** What retention would keep and remove now. Left out for a plan without retention. */
  readonly retention?: CleanupPreview
  /** What could not be found out, each in a sentence. */
  readonly problems: readonly string[]
}

export interface PastBackup {
  readonly id: string
  readonly takenAt: string
  /** From the first byte that was read to the last; left out where no key opens its manifest. */
  readonly capturedInMs?: number
  readonly plainBytes: number
  readonly storedBytes: number
  /** What became of each service; empty where no key opens its manifest. */
  readonly holds: readonly HoldReport[]
  /** The longest of its services. */
  readonly downtimeMs: number
}

/** How many of the newest backups say how long services are down. */
const LOOKED_AT = 10

/** What the destinations of a plan tell of it. Without Temporal, or its worker, that is a problem in a sentence, and no failure. */
export async function planHistory(
  site: Site,
  world: OperationsWorld,
  plan: CompiledPlan,
): Promise<PlanHistory> {
  try {
    return await withSession(site, world, (session) => historyOf(session, plan))
  } catch (error) {
    if (error instanceof HoldfastError) return { problems: [error.message] }
    throw error
  }
}

async function historyOf(session: Session, plan: CompiledPlan): Promise<PlanHistory> {
  const { name, host, job } = plan
  const [listed, retention] = await Promise.all([
    told(listBackups(session, [host], { plan: name })),
    told(job.retention === undefined ? undefined : previewCleanup(session, plan)),
  ])
  const good = (listed.value?.backups ?? [])
    .filter(({ isGood, site }) => isGood && site === job.site)
    .slice(-LOOKED_AT)
  const newest = good.at(-1)
  const past = await told(newest === undefined ? undefined : pastBackup(session, host, newest))
  const problems = [
    ...(listed.value?.problems ?? []),
    ...(retention.value?.problems ?? []),
    ...[listed.problem, retention.problem, past.problem].filter((problem) => problem !== undefined),
  ]
  return {
    ...(past.value === undefined ? {} : { newestGood: past.value }),
    ...(newest === undefined
      ? {}
      : {
          downtimes: {
            backups: good.length,
            longestMs: Math.max(...good.map(({ downtimeMs }) => downtimeMs)),
          },
        }),
    ...(retention.value === undefined ? {} : { retention: retention.value }),
    problems: [...new Set(problems)],
  }
}

async function pastBackup(
  session: Session,
  host: string,
  { id, takenAt, plainBytes, storedBytes, downtimeMs }: Omit<PastBackup, 'holds'>,
): Promise<PastBackup> {
  const { manifest } = await findBackup(session, [host], { backupId: id })
  const known = { id, takenAt, plainBytes, storedBytes, downtimeMs }
  if (isSealed(manifest)) return { ...known, holds: [] }
  const starts = manifest.items.map(({ startedAt }) => new Date(startedAt).getTime())
  const ends = manifest.items.map(({ completedAt }) => new Date(completedAt).getTime())
  return { ...known, capturedInMs: Math.max(...ends) - Math.min(...starts), holds: manifest.holds }
}
