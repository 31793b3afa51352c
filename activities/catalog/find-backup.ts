import { authenticityOf } from '../../core/authenticity.js'
import { judged, summaryOf, withMarks } from '../../core/backup.js'
import { bestCopy } from '../../core/copies.js'
import { HoldfastError } from '../../core/errors.js'
import { parseBackupId } from '../../core/ids.js'
import type { MarkState } from '../../core/marks.js'
import type { BackupReference, LocatedBackup } from '../../core/work/catalog.js'
import type { Destination } from '../destinations/driver.js'
import { examine, opened } from './examine.js'
import { openKeyRing, type KeyRing } from './key-ring.js'
import { markTrustOf } from './mark-trust.js'
import { readMarkState } from './marks.js'
import { destinationNames, expected, type CatalogParts } from './parts.js'
import { backupOfManifest, readManifest } from './read-manifest.js'
import { keyIdsOf } from './wrapped-backups.js'

/** How many that begin alike are named. */
const NAMED_AT_MOST = 5
/** A beginning that fits more is no name of one backup, whichever of them are deleted. */
const MARKS_READ_AT_MOST = 50

/**
 * The backup with all its copies; what is said of it is said of the best one: the first good one in the order of holdfast.yaml.
 * What cannot be looked at hides no copy that can.
 */
export async function findBackup(
  parts: CatalogParts,
  reference: BackupReference,
  signal: AbortSignal,
): Promise<LocatedBackup> {
  const places: Place[] = []
  const failures: HoldfastError[] = []
  for (const name of destinationNames(parts.site, reference.destination)) {
    try {
      const destination = await parts.destinations(name, signal)
      for await (const backup of idsThatBegin(destination, reference.backupId, signal))
        places.push({ ...backup, destination })
    } catch (error) {
      failures.push(expected(error, signal))
    }
  }
  const ring = await openKeyRing(parts)
  const copies = await copiesOf({ reference, places, failures, ring }, signal)
  return locate(ring, copies, failures, signal)
}

interface Place {
  readonly plan: string
  readonly backupId: string
  readonly destination: Destination
}

interface MarkedPlace extends Place {
  readonly marks: MarkState
}

/** Of each place what can be had; fails as the first place does where none can be. */
async function locate(
  ring: KeyRing,
  places: readonly MarkedPlace[],
  failures: HoldfastError[],
  signal: AbortSignal,
): Promise<LocatedBackup> {
  const copies: Located[] = []
  const unreadable: HoldfastError[] = []
  for (const place of places) {
    try {
      copies.push(await locateCopy(place, ring, signal))
    } catch (error) {
      unreadable.push(expected(error, signal))
    }
  }
  const best = bestCopy(copies.filter(({ marks }) => marks.deletion === undefined)) ?? bestCopy(copies)
  const [first] = unreadable
  if (best === undefined) throw first ?? new Error('Impossible: a backup without a place')
  const problems = [...failures, ...unreadable].map(({ message }) => message)
  return {
    ...best,
    copies: copies.map(({ manifest: _, ...copy }) => copy),
    ...(problems.length === 0 ? {} : { problems }),
  }
}

type Located = Omit<LocatedBackup, 'copies' | 'problems'>

/** Opened where a key of it is here, and only when its code is right. */
async function locateCopy(place: MarkedPlace, ring: KeyRing, signal: AbortSignal): Promise<Located> {
  const { destination, plan, marks } = place
  const stored = await readManifest(destination, place, signal)
  const { proof, dataKey } = await examine(destination, stored, ring.keys, signal)
  const isEncrypted = stored.manifest.encryption !== undefined
  const authenticity = authenticityOf({ proof, isEncrypted }, ring.factsOf(plan))
  const manifest = await opened(destination, stored.manifest, dataKey)
  const { isGood } = judged(withMarks(summaryOf(manifest, destination.name), marks), authenticity)
  return {
    ...{ destination: destination.name, manifest, marks, isGood },
    ...(isEncrypted ? { keyIds: await keyIdsOf(place, signal) } : {}),
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

interface Candidates {
  readonly reference: BackupReference
  readonly places: readonly Place[]
  /** Why some places could not be looked at; more are added. */
  readonly failures: HoldfastError[]
  readonly ring: KeyRing
}

/** What is deleted makes nothing ambiguous: it is found by its whole id, or when nothing else begins alike. */
async function copiesOf(
  { reference, places, failures, ring: { keys } }: Candidates,
  signal: AbortSignal,
): Promise<readonly MarkedPlace[]> {
  const ids = idsOf(places)
  if (ids.length > MARKS_READ_AT_MOST) theOne(reference, ids, failures)
  const marked: MarkedPlace[] = []
  for (const place of places) {
    try {
      const trust = await markTrustOf(place, keys, signal)
      marked.push({ ...place, marks: await readMarkState({ ...place, trust }, signal) })
    } catch (error) {
      failures.push(expected(error, signal))
    }
  }
  const listed = marked.filter(({ marks }) => marks.deletion === undefined)
  const [deleted] = marked
  if (listed.length === 0 && deleted !== undefined && reference.among !== 'all') {
    throw new HoldfastError(
      'backup.deleted',
      `Backup ${deleted.backupId} at destination "${deleted.destination.name}" is deleted.`,
      { hint: `Bring it back first: \`holdfast backup undelete ${deleted.backupId}\`.` },
    )
  }
  const id = theOne(reference, idsOf(listed.length > 0 ? listed : marked), failures)
  return (reference.among === 'all' ? marked : listed).filter(({ backupId }) => backupId === id)
}

const idsOf = (places: readonly Place[]): readonly string[] =>
  [...new Set(places.map(({ backupId }) => backupId))].sort()

function theOne(
  { backupId: wanted, destination }: BackupReference,
  ids: readonly string[],
  [failure]: readonly HoldfastError[],
): string {
  const [first, ...others] = ids
  if (first === undefined) {
    // Not seeing it where we could not look says nothing.
    if (failure) throw failure
    const where = destination === undefined ? '' : ` at destination "${destination}"`
    throw new HoldfastError(
      'backup.not-found',
      `There is no backup whose id begins with "${wanted}"${where}.`,
      { hint: 'See `holdfast backup list`.' },
    )
  }
  if (others.length === 0) return first
  const more = ids.length > NAMED_AT_MOST ? ', …' : ''
  throw new HoldfastError(
    'backup.ambiguous',
    `${ids.length} backups have an id that begins with "${wanted}": ${ids.slice(0, NAMED_AT_MOST).join(', ')}${more}.`,
    { hint: 'Give more of the id.', details: { ids: ids.slice(0, NAMED_AT_MOST) } },
  )
}
