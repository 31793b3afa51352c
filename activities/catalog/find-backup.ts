import { authenticityOf } from '../../core/authenticity.js'
import { isGood } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { parseBackupId } from '../../core/ids.js'
import type { BackupReference, LocatedBackup } from '../../core/work.js'
import type { Destination } from '../destinations/driver.js'
import { examine, opened } from './examine.js'
import { openKeyRing } from './key-ring.js'
import { destinationNames, expected, type CatalogParts } from './parts.js'
import { backupOfManifest, readManifest } from './read-manifest.js'

/** How many that begin alike are named. */
const NAMED_AT_MOST = 5

export async function findBackup(
  parts: CatalogParts,
  reference: BackupReference,
  signal: AbortSignal,
): Promise<LocatedBackup> {
  const places = new Map<string, { plan: string; destination: Destination }>()
  const failures: HoldfastError[] = []
  for (const name of destinationNames(parts.site, reference.destination)) {
    try {
      const destination = await parts.destinations(name, signal)
      // The first destination in the order of holdfast.yaml that has it will do.
      for await (const { plan, backupId } of idsThatBegin(destination, reference.backupId, signal))
        if (!places.has(backupId)) places.set(backupId, { plan, destination })
    } catch (error) {
      failures.push(expected(error, signal))
    }
  }
  const [backupId, place] = theOne(reference, places, failures)
  return locate(parts, place.destination, { plan: place.plan, backupId }, signal)
}

/** Opened where a key of it is here, and only when its code is right. */
async function locate(
  parts: CatalogParts,
  destination: Destination,
  { plan, backupId }: { plan: string; backupId: string },
  signal: AbortSignal,
): Promise<LocatedBackup> {
  const stored = await readManifest(destination, { plan, backupId }, signal)
  const ring = await openKeyRing(parts)
  const { proof, dataKey } = await examine(destination, stored, ring.keys, signal)
  const isEncrypted = stored.manifest.encryption !== undefined
  const authenticity = authenticityOf({ proof, isEncrypted }, ring.factsOf(plan))
  const manifest = await opened(destination, stored.manifest, dataKey)
  return {
    destination: destination.name,
    manifest,
    isGood: isGood(manifest) && authenticity !== 'unauthenticated',
    ...(authenticity === undefined ? {} : { authenticity }),
  }
}

async function* idsThatBegin(
  destination: Destination,
  beginning: string,
  signal: AbortSignal,
): AsyncGenerator<{ plan: string; backupId: string }> {
  // A whole id says in which folder to look; only a part of one needs a look at all.
  const whole = parseBackupId(beginning)
  const prefix = whole ? `plans/${whole.plan}/${beginning}/` : 'plans/'
  for await (const { name } of destination.list(prefix, signal)) {
    const backup = backupOfManifest(name)
    if (backup?.backupId.startsWith(beginning)) yield backup
  }
}

function theOne<T>(
  { backupId: wanted, destination }: BackupReference,
  places: ReadonlyMap<string, T>,
  [failure]: readonly HoldfastError[],
): [string, T] {
  const [first, ...others] = places
  if (!first) {
    // Not seeing it where we could not look says nothing.
    if (failure) throw failure
    const where = destination === undefined ? '' : ` at destination "${destination}"`
    throw new HoldfastError(
      'backup.not-found',
      `There is no backup whose id begins with "${wanted}"${where}.`,
      {
        hint: 'See `holdfast backup list`.',
      },
    )
  }
  if (others.length === 0) return first
  const ids = [...places.keys()].sort()
  const more = ids.length > NAMED_AT_MOST ? ', …' : ''
  throw new HoldfastError(
    'backup.ambiguous',
    `${ids.length} backups have an id that begins with "${wanted}": ${ids.slice(0, NAMED_AT_MOST).join(', ')}${more}.`,
    { hint: 'Give more of the id.', details: { ids: ids.slice(0, NAMED_AT_MOST) } },
  )
}
