import { isRemovable } from '../../core/marks.js'
import { standstillReason } from '../../core/retention.js'
import type { ExpireInput } from '../../core/work/catalog.js'
import type { Destination } from '../destinations/driver.js'
import type { Tools } from '../tools.js'
import { toMark } from './mark-trust.js'
import { readMarkState } from './marks.js'
import { probe } from './probe.js'

/**
 * Ids of the plan's deleted backups whose quarantine is over by the store's own clock. What retention has deleted stays
 * while it would not delete anything now. Marks are read anew: what was brought back a moment ago is not among them.
 */
export async function removableBackups(
  {
    catalog,
    site,
    keys,
    clock,
    random,
    log,
  }: Pick<Tools, 'catalog' | 'site' | 'keys' | 'clock' | 'random' | 'log'>,
  destination: Destination,
  { plan, intervalMs }: Pick<ExpireInput, 'plan' | 'intervalMs'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { backups } = await catalog.list({ plan, destination: destination.name, among: 'all' }, signal)
  const deleted = backups.filter((backup) => backup.site === site.site && backup.marks.deletion !== undefined)
  if (deleted.length === 0) return []
  const { storeTime } = await probe(destination, random, signal)
  const standstill = standstillReason({
    ...{ backups, plan, site: site.site, now: clock().toISOString() },
    ...(intervalMs === undefined ? {} : { intervalMs }),
  })
  const removable: string[] = []
  for (const { id: backupId } of deleted) {
    const marks = await readMarkState(await toMark({ destination, plan, backupId }, keys, signal), signal)
    if (!isRemovable(marks, storeTime)) continue
    if (standstill === undefined || marks.deletion?.by === 'person') removable.push(backupId)
    else log.warn('deleted backup not removed yet', { backupId, reason: standstill })
  }
  return removable
}
