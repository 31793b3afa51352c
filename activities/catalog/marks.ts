import { Readable } from 'node:stream'
import { doubtOf, type MarkProof } from '../../core/authenticity.js'
import { HoldfastError } from '../../core/errors.js'
import { marksFolder } from '../../core/ids.js'
import {
  MARK_FORMAT,
  kindOfMarkName,
  markCodeName,
  nextMarkName,
  stateOfMarks,
  type Mark,
  type MarkContent,
  type MarkState,
  type PlacedMark,
} from '../../core/marks.js'
import { validatorOf } from '../../schemas/validators.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import type { BackupPlace } from '../keys/data-key.js'
import { codeOf, isCodeOf } from '../keys/derive.js'
import type { MarkTrust } from './mark-trust.js'
import { readSmallObject, readSmallText } from './small-object.js'

// The only place that reads and writes marks.

interface BackupName {
  readonly plan: string
  readonly backupId: string
}

/** A backup at a destination, and what proves its marks. */
export interface MarkedBackup extends BackupPlace {
  readonly trust: MarkTrust
}

export interface MarkWorld {
  readonly site: { readonly site: string; readonly host: string }
  readonly clock: () => Date
  readonly signal: AbortSignal
}

const MARK_OBJECT = /^plans\/([^/]+)\/([^/]+)\/marks\/([^/]+)$/

/** The mark that an object is; undefined for other objects, and for marks of kinds that this version does not know. */
export function markOfObject(objectName: string): (BackupName & { name: string }) | undefined {
  const [, plan, backupId, name] = MARK_OBJECT.exec(objectName) ?? []
  if (plan === undefined || backupId === undefined || name === undefined) return undefined
  return kindOfMarkName(name) === undefined ? undefined : { plan, backupId, name }
}

export interface ReadMark {
  readonly proof: MarkProof
  /** Left out: whoever wrote it had no key of the backup, and what it says counts for nothing. */
  readonly mark?: Mark
}

/** One mark, checked. Fails with `object.corrupt` when it is not what was written. */
export async function readMark(
  destination: Destination,
  objectName: string,
  trust: MarkTrust,
  signal: AbortSignal,
): Promise<ReadMark> {
  const place = markOfObject(objectName)
  const bytes = await readSmallObject(destination, objectName, signal)
  const proof = await proofOf(destination, { objectName, bytes }, trust, signal)
  // Before a word of it is read: what cannot be read keeps its backup for ever, and that is not for everyone to ask.
  if (doubtOf(proof, trust) === 'forged') return { proof }
  const mark = parseMark(bytes)
  if (place && mark?.backupId === place.backupId && mark.kind === kindOfMarkName(place.name))
    return { proof, mark }
  throw new HoldfastError(
    'object.corrupt',
    `Mark ${objectName} at destination "${destination.name}" is not as it was written.`,
    { hint: 'The backup itself is not touched, and is not removed. Look at who can write there.' },
  )
}

async function proofOf(
  destination: Destination,
  { objectName, bytes }: { readonly objectName: string; readonly bytes: Buffer },
  { isEncrypted, dataKey }: MarkTrust,
  signal: AbortSignal,
): Promise<MarkProof> {
  if (dataKey === undefined) return isEncrypted ? 'untold' : 'absent'
  const code = await readSmallText(destination, markCodeName(objectName), signal)
  if (code === undefined) return 'absent'
  return isCodeOf(dataKey, 'mark', codedBytes(objectName, bytes), code) ? 'right' : 'wrong'
}

/** With the name of the mark, which has its place among the others: else an old one could be put after a newer. */
function codedBytes(objectName: string, bytes: Buffer): Buffer {
  const name = objectName.slice(objectName.lastIndexOf('/') + 1)
  return Buffer.concat([Buffer.from(`${name}\n`), bytes])
}

function parseMark(bytes: Buffer): Mark | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return validatorOf('mark')(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** All marks of one backup, as they are now. One that cannot be read, or believed, is among them. */
export async function readMarks(
  { destination, plan, backupId, trust }: MarkedBackup,
  signal: AbortSignal,
): Promise<PlacedMark[]> {
  const placed: PlacedMark[] = []
  for await (const info of destination.list(marksFolder(plan, backupId), signal)) {
    if (markOfObject(info.name)) placed.push(await readPlaced(destination, info, trust, signal))
  }
  return placed
}

/** What all marks of one backup together mean now. */
export const readMarkState = async (backup: MarkedBackup, signal: AbortSignal): Promise<MarkState> =>
  stateOfMarks(await readMarks(backup, signal), backup.destination.name)

async function readPlaced(
  destination: Destination,
  { name, modifiedAt }: ObjectInfo,
  trust: MarkTrust,
  signal: AbortSignal,
): Promise<PlacedMark> {
  const place = { name: name.slice(name.lastIndexOf('/') + 1), modifiedAt: modifiedAt.toISOString() }
  try {
    const { proof, mark } = await readMark(destination, name, trust, signal)
    const doubt = doubtOf(proof, trust)
    return { ...place, ...(mark === undefined ? {} : { mark }), ...(doubt === undefined ? {} : { doubt }) }
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object.corrupt') return place
    throw error
  }
}

/** Two of us that mark one backup in the same millisecond; more often than this, something else is wrong. */
const MAX_ATTEMPTS = 20

/**
 * Adds a mark, after all that are there already. Fails with `key.not-found` where the backup is encrypted and no key of it is
 * here: nobody would believe the mark.
 */
export async function addMark(
  { destination, plan, backupId, trust }: MarkedBackup,
  content: MarkContent,
  { site, clock, signal }: MarkWorld,
): Promise<void> {
  if (trust.isEncrypted && trust.dataKey === undefined) throw notMarked(backupId, destination)
  const folder = marksFolder(plan, backupId)
  for (let attempt = 1; ; attempt++) {
    const existing: string[] = []
    for await (const { name } of destination.list(folder, signal)) existing.push(name.slice(folder.length))
    const now = clock()
    const head = { format: MARK_FORMAT, backupId, site: site.site, host: site.host, at: now.toISOString() }
    const bytes = Buffer.from(`${JSON.stringify({ ...head, ...content }, null, 2)}\n`)
    const objectName = `${folder}${nextMarkName(content.kind, now, existing)}`
    try {
      await putMark(destination, { objectName, bytes }, trust, signal)
      return
    } catch (error) {
      const isTaken = error instanceof HoldfastError && error.code === 'object.conflict'
      if (!isTaken || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** The code comes first: a mark is never there without it. */
async function putMark(
  destination: Destination,
  { objectName, bytes }: { readonly objectName: string; readonly bytes: Buffer },
  { dataKey }: MarkTrust,
  signal: AbortSignal,
): Promise<void> {
  if (dataKey !== undefined) {
    const code = `${codeOf(dataKey, 'mark', codedBytes(objectName, bytes))}\n`
    await destination.put(markCodeName(objectName), Readable.from([Buffer.from(code)]), { signal })
  }
  await destination.put(objectName, Readable.from([bytes]), { signal })
}

const notMarked = (backupId: string, { name }: Destination): HoldfastError =>
  new HoldfastError(
    'key.not-found',
    `Backup ${backupId} at destination "${name}" is encrypted, and no key of this host opens it: a mark of this host could not be believed.`,
    {
      hint: 'Do this on a host that has a key of the backup under `keys:`; or remove the backup at once: `holdfast backup delete --now`.',
    },
  )
