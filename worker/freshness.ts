import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Tools } from '../activities/tools.js'
import { backupAlarms } from '../core/backup-alarms.js'
import { HoldfastError } from '../core/errors.js'
import { staleAlarm, staleness } from '../core/freshness.js'
import type { Site } from '../core/site.js'
import type { CompiledPlan } from '../plan/compile.js'
import { isRecord, readJsonFile, writeJsonFile } from '../temporal/json-file.js'

/** Often enough for what is measured in hours; a listing of what is known already costs little. */
export const FRESHNESS_EVERY_MS = 15 * 60_000
/** A destination that hangs must not end the watch over the others. */
const LOOK_WITHIN_MS = 5 * 60_000

type FreshnessTools = Pick<Tools, 'catalog' | 'alarms' | 'clock' | 'log' | 'site'>

export interface FreshnessOptions {
  /** All plans of the site, read anew, and whether some could not be read. */
  readonly plans: () => Promise<{ readonly plans: readonly CompiledPlan[]; readonly areAllRead: boolean }>
  readonly everyMs: number
  readonly signal: AbortSignal
}

/** Both by name of the plan, ISO. */
interface Seen {
  /** When the newest good backup was taken. */
  readonly newestGood: Map<string, string>
  /** Kept in the state folder: a worker that is restarted every day must not make every plan new each time. */
  readonly firstSeen: Map<string, string>
}

/**
 * Looks at the destinations of this host's plans until `signal` aborts, and raises or resolves an alarm for each plan with
 * `objectives.freshness`. Asks no run and no Temporal: it sees as well what never started. A plan that it has not seen before
 * has as long for its first backup as for each later one. Never fails.
 */
export async function watchFreshness(tools: FreshnessTools, options: FreshnessOptions): Promise<void> {
  const { everyMs, signal } = options
  const seen: Seen = { newestGood: new Map(), firstSeen: await readFirstSeen(tools.site) }
  while (!signal.aborted) {
    try {
      await lookAtAll(tools, options, seen)
    } catch (error) {
      if (!signal.aborted) tools.log.error('the freshness of backups could not be looked at', { error })
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
}

async function lookAtAll(
  tools: FreshnessTools,
  { plans: readPlans, signal }: FreshnessOptions,
  seen: Seen,
): Promise<void> {
  const { plans, areAllRead } = await readPlans()
  const watched = plans.filter(
    ({ host, freshnessMs }) => host === tools.site.host && freshnessMs !== undefined,
  )
  await rememberFirstSeen(tools, seen, watched, areAllRead)
  for (const plan of watched) {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LOOK_WITHIN_MS)])
    const stale = await stalenessOf(tools, plan, seen, limited)
    if (signal.aborted) return
    if (stale === undefined) await tools.alarms.resolve(backupAlarms.stale(plan.name))
    else await tools.alarms.raise(staleAlarm(plan.name, stale))
  }
  // A plan that is gone, or wants no freshness any more, is not late.
  if (areAllRead) await forgetOthers(tools, new Set(watched.map(({ name }) => backupAlarms.stale(name))))
}

const firstSeenFile = ({ stateDir }: Pick<Site, 'stateDir'>): string => join(stateDir, 'freshness.json')

const isTimes = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((time) => typeof time === 'string')

async function readFirstSeen(site: Pick<Site, 'stateDir'>): Promise<Map<string, string>> {
  const kept = await readJsonFile(firstSeenFile(site), isTimes).catch(() => undefined)
  return new Map(Object.entries(kept ?? {}))
}

async function rememberFirstSeen(
  { site, clock, log }: FreshnessTools,
  { firstSeen }: Seen,
  watched: readonly CompiledPlan[],
  areAllRead: boolean,
): Promise<void> {
  const names = new Set(watched.map(({ name }) => name))
  const gone = areAllRead ? [...firstSeen.keys()].filter((name) => !names.has(name)) : []
  const fresh = [...names].filter((name) => !firstSeen.has(name))
  if (fresh.length + gone.length === 0) return
  for (const name of gone) firstSeen.delete(name)
  for (const name of fresh) firstSeen.set(name, clock().toISOString())
  await writeJsonFile(firstSeenFile(site), Object.fromEntries(firstSeen)).catch((error: unknown) =>
    log.warn('since when plans are watched was not written', { reason: String(error) }),
  )
}

async function stalenessOf(
  tools: FreshnessTools,
  { name: plan, job, freshnessMs = 0 }: CompiledPlan,
  { newestGood: known, firstSeen }: Seen,
  signal: AbortSignal,
): Promise<string | undefined> {
  const seen = await newestGood(tools, job, signal)
  if (seen.newestGoodAt !== undefined) known.set(plan, seen.newestGoodAt)
  else if (seen.problem === undefined) known.delete(plan)
  // What cannot be looked at is as old as it was known to be: a network that is away for a moment alarms nobody.
  const newestGoodAt = seen.newestGoodAt ?? known.get(plan)
  // The first backup has its time only where it is seen that there is none.
  const wantedSince = seen.problem === undefined ? firstSeen.get(plan) : undefined
  const stale = staleness({ plan, freshnessMs, newestGoodAt, wantedSince, now: tools.clock() })
  return stale === undefined || seen.problem === undefined || newestGoodAt !== undefined
    ? stale
    : `Whether there is a fresh backup of ${plan} cannot be seen: ${seen.problem}`
}

async function newestGood(
  { catalog, site }: FreshnessTools,
  { plan, destinations }: CompiledPlan['job'],
  signal: AbortSignal,
): Promise<{ readonly newestGoodAt?: string; readonly problem?: string }> {
  const times: string[] = []
  const problems: string[] = []
  for (const destination of destinations) {
    try {
      const listed = await catalog.list({ plan, destination }, signal)
      problems.push(...listed.problems)
      for (const backup of listed.backups)
        if (backup.isGood && backup.site === site.site) times.push(backup.takenAt)
    } catch (error) {
      problems.push(
        error instanceof HoldfastError ? error.message : `it did not answer in time (${destination})`,
      )
    }
  }
  const [newestGoodAt] = times.sort().slice(-1)
  const [problem] = problems
  return {
    ...(newestGoodAt === undefined ? {} : { newestGoodAt }),
    ...(problem === undefined ? {} : { problem }),
  }
}

async function forgetOthers({ alarms }: FreshnessTools, current: ReadonlySet<string>): Promise<void> {
  for (const { cause } of await alarms.open())
    if (cause.startsWith(backupAlarms.stale('')) && !current.has(cause)) await alarms.resolve(cause)
}
