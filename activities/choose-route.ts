import { HoldfastError } from '../core/errors.js'
import type { BackupJob, SourceSet } from '../core/job.js'
import { decideRoute, isSpooled, type RouteDecision } from '../core/spool.js'
import type { Tools } from './tools.js'

/** Whether what these sets read under holds goes through the spool: decided before anything stops. */
export async function chooseRoute(
  tools: Pick<Tools, 'site' | 'spool' | 'catalog' | 'log'>,
  job: Pick<BackupJob, 'plan' | 'site' | 'destinations'>,
  sets: readonly SourceSet[],
  signal: AbortSignal,
): Promise<RouteDecision> {
  const destination = job.destinations[0]
  const settings = destination === undefined ? undefined : tools.site.destinations[destination]
  const held = sets.filter(({ hold }) => hold !== undefined)
  if (destination === undefined || !settings || !isSpooled(settings) || held.length === 0)
    return { route: 'direct' }
  const sizes = await sizesBefore(tools, { plan: job.plan, site: job.site, destination }, signal)
  // One set after another is in the spool.
  const expected = held.map(({ sources }) =>
    sources.reduce((total, { name }) => total + (sizes?.get(name) ?? 0), 0),
  )
  return decideRoute({
    destination,
    wantsSpool: true,
    roomBytes: await tools.spool.roomBytes(),
    ...(sizes === undefined ? {} : { expectedBytes: Math.max(...expected) }),
  })
}

/** Bytes that the sources of the newest backup take at the destination; undefined where there is none to be read. */
async function sizesBefore(
  { catalog, log }: Pick<Tools, 'catalog' | 'log'>,
  { plan, site, destination }: { plan: string; site: string; destination: string },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const { backups } = await catalog.list({ plan, destination }, signal)
    const newest = backups.filter((backup) => backup.site === site && !backup.isSubset).at(-1)
    if (newest === undefined) return undefined
    const { manifest } = await catalog.find({ backupId: newest.id, destination }, signal)
    return new Map(
      manifest.items.map(({ source, objects }) => [
        source,
        objects.reduce((total, { storedBytes }) => total + storedBytes, 0),
      ]),
    )
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HoldfastError)) throw error
    log.warn('size of the last backup is not known', { plan, destination, reason: error.message })
    return undefined
  }
}
