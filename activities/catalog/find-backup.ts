import { authenticityOf } from '../../core/authenticity.js'
import { judged, summaryOf, withMarks } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { parseBackupId } from '../../core/ids.js'
import type { BackupReference, LocatedBackup } from '../../core/work.js'
import type { Destination } from '../destinations/driver.js'
import { examine, opened } from './examine.js'
import { openKeyRing, type KeyRing } from './key-ring.js'
import { markTrustOf } from './mark-trust.js'
import { readMarkState } from './marks.js'
import { destinationNames, expected, type CatalogParts } from './parts.js'
import { backupOfManifest, readManifest } from './read-manifest.js'

/** How many that begin alike are named. */
const NAMED_AT_MOST = 5
/** A beginning that fits more is no name of one backup, whichever of them are deleted. */
const MARKS_READ_AT_MOST = 50

export async function findBackup(
  parts: CatalogParts,
  reference: BackupReference,
  signal: AbortSignal,
): Promise<LocatedBackup> {
  const places = new Map<string, Place>()
  const failures: HoldfastError[] = []
  for (const name of destinationNames(parts.site, reference.destination)) {
    try {
      const destination = await parts.destinations(name, signal)
      // The first destination in the order of holdfast.yaml that has it will do.
      for await (const backup of idsThatBegin(destination, reference.backupId, signal))
        if (!places.has(backup.backupId)) places.set(backup.backupId, { ...backup, destination })
    } catch (error) {
      failures.push(expected(error, signal))
    }
  }
  const ring = await openKeyRing(parts)
  const place = await theOne({ reference, places, failures, ring }, signal)
  return locate(ring, place, signal)
}

/** Opened where a key of it is here, and only when its code is right. */
async function locate(ring: KeyRing, place: Place, signal: AbortSignal): Promise<LocatedBackup> {
  const { destination, plan } = place
  const stored = await readManifest(destination, place, signal)
  const { proof, dataKey } = await examine(destination, stored, ring.keys, signal)
  const isEncrypted = stored.manifest.encryption !== undefined
  const authenticity = authenticityOf({ proof, isEncrypted }, ring.factsOf(plan))
  const manifest = await opened(destination, stored.manifest, dataKey)
  const trust = { isEncrypted: isEncrypted || dataKey !== undefined, ...(dataKey ? { dataKey } : {}) }
  const marks = await readMarkState({ ...place, trust }, signal)
  const { isGood } = judged(withMarks(summaryOf(manifest, destination.name), marks), authenticity)
  return {
    ...{ destination: destination.name, manifest, marks, isGood },
    ...(authenticity === undefined ? {} : { authenticity }),
  }
}

interface Place {
  readonly plan: string
  readonly backupId: string
  readonly destination: Destination
}

async function isListed(place: Place, { keys }: KeyRing, signal: AbortSignal): Promise<boolean> {
  const trust = await markTrustOf(place, keys, signal)
  return (await readMarkState({ ...place, trust }, signal)).deletion === undefined
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

interface Candidates {
  readonly reference: BackupReference
  readonly places: ReadonlyMap<string, Place>
  readonly failures: readonly HoldfastError[]
  readonly ring: KeyRing
}

/** What is deleted makes nothing ambiguous: it is found by its whole id, or when nothing else begins alike. */
async function theOne(
  { reference, places, failures, ring }: Candidates,
  signal: AbortSignal,
): Promise<Place> {
  const all = [...places.values()]
  if (all.length > MARKS_READ_AT_MOST) return oneOf(reference, all, failures)
  const listed: Place[] = []
  for (const place of all) if (await isListed(place, ring, signal)) listed.push(place)
  const [deleted] = all
  if (listed.length > 0 || deleted === undefined) return oneOf(reference, listed, failures)
  if (reference.among === 'all') return oneOf(reference, all, failures)
  throw new HoldfastError(
    'backup.deleted',
    `Backup ${deleted.backupId} at destination "${deleted.destination.name}" is deleted.`,
    { hint: `Bring it back first: \`holdfast backup undelete ${deleted.backupId}\`.` },
  )
}

function oneOf(
  { backupId: wanted, destination }: BackupReference,
  places: readonly Place[],
  [failure]: readonly HoldfastError[],
): Place {
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
  const ids = places.map(({ backupId }) => backupId).sort()
  const more = ids.length > NAMED_AT_MOST ? ', …' : ''
  throw new HoldfastError(
    'backup.ambiguous',
    `${ids.length} backups have an id that begins with "${wanted}": ${ids.slice(0, NAMED_AT_MOST).join(', ')}${more}.`,
    { hint: 'Give more of the id.', details: { ids: ids.slice(0, NAMED_AT_MOST) } },
  )
}
