import { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import {
  backupFolder,
  keysFolder,
  manifestCodeName,
  manifestName,
  marksFolder,
  runObjectName,
} from '../../core/ids.js'
import { kindOfMarkName, markCodeName, type MarkKind } from '../../core/marks.js'
import type { Destination } from '../destinations/driver.js'
import { putRecorded, type RecordedObject } from '../pipeline/put-recorded.js'
import { sizeProblem } from './check-objects.js'
import { readManifest } from './read-manifest.js'
import { readSmallObject } from './small-object.js'

/** What people said of a backup holds for all its copies. A deletion is of one destination, and so is a verification. */
const SAID_OF_ALL: ReadonlySet<MarkKind | undefined> = new Set(['pinned', 'unpinned', 'accepted'])

export interface CopyWork {
  readonly from: Destination
  readonly to: Destination
  /** Told of the bytes that are there now, those that were there before as well. */
  readonly onBytes: (bytes: number) => void
  readonly signal: AbortSignal
}

/**
 * Copies one backup from a destination to another, byte for byte, under the same names: what is encrypted stays sealed, and
 * no key is needed. The order is that of a new backup, the manifest last: a copy that is cut off is no backup, and another
 * attempt sends only what is not there, also of a large object (`putKnown`). Every object is compared with its digest on its way.
 *
 * Fails with `object.corrupt` or `object.not-found` when the source is not as its manifest says, with `object.conflict` when
 * something else is in the way, and then leaves no manifest.
 */
export async function copyBackup(
  work: CopyWork,
  backup: { readonly plan: string; readonly backupId: string },
): Promise<void> {
  const { from, to, signal } = work
  const { plan, backupId } = backup
  const folder = backupFolder(plan, backupId)
  const { manifest, bytes } = await readManifest(from, backup, signal)
  const objects = manifest.items.flatMap((item): readonly RecordedObject[] => item.objects)
  // First, as in a new backup: it says whose the folder is until there is a manifest.
  await copySmall(work, runObjectName(plan, backupId))
  for (const name of await namesIn(from, keysFolder(plan, backupId), signal)) await copySmall(work, name)
  for (const object of objects) await copyObject(work, folder, object)
  await copyMarks(work, marksFolder(plan, backupId))
  await requireCopied(to, folder, objects, signal)
  if (manifest.encryption !== undefined || (await from.stat(manifestCodeName(plan, backupId), signal)))
    await copySmall(work, manifestCodeName(plan, backupId))
  await to.put(manifestName(plan, backupId), Readable.from([bytes]), { signal })
}

async function namesIn(destination: Destination, prefix: string, signal: AbortSignal): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of destination.list(prefix, signal)) names.push(name)
  return names
}

/** Each after its code, where it has one: a mark is never there without it. */
async function copyMarks(work: CopyWork, folder: string): Promise<void> {
  const names = await namesIn(work.from, folder, work.signal)
  for (const name of names) {
    if (!SAID_OF_ALL.has(kindOfMarkName(name.slice(folder.length)))) continue
    if (names.includes(markCodeName(name))) await copySmall(work, markCodeName(name))
    await copySmall(work, name)
  }
}

/** Create-only at the other end: the same bytes succeed. */
async function copySmall({ from, to, signal }: CopyWork, name: string): Promise<void> {
  const bytes = await readSmallObject(from, name, signal)
  await to.put(name, Readable.from([bytes]), { signal })
}

async function copyObject(work: CopyWork, folder: string, object: RecordedObject): Promise<void> {
  const { from, to, onBytes, signal } = work
  const name = `${folder}${object.name}`
  // By an attempt before, which compared its digest: nothing is there under its name before it is complete.
  const found = await to.stat(name, signal)
  if (found?.bytes === object.storedBytes) return onBytes(object.storedBytes)
  const source = await from.get(name, { signal })
  try {
    const chunks = source as AsyncIterable<Buffer>
    await putRecorded(to, name, { object, chunks, onBytes, damaged: () => corrupt(name, from), signal })
  } finally {
    // A destination that fails before it takes the first byte leaves it open.
    source.destroy()
  }
}

const corrupt = (name: string, { name: destination }: Destination): HoldfastError =>
  new HoldfastError(
    'object.corrupt',
    `Object ${name} at destination "${destination}" is not as it was recorded: it was not copied.`,
    { hint: 'Verify the backup there; if it is damaged, make a new one now.' },
  )

/** A manifest must never name what is not there: right before it is written, every object is looked at once more. */
async function requireCopied(
  to: Destination,
  folder: string,
  objects: readonly RecordedObject[],
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    const problem = await sizeProblem(to, folder, object, signal)
    if (problem === undefined) continue
    throw new HoldfastError('object.corrupt', `The copy at destination "${to.name}": ${problem}`, {
      hint: 'Look at who else can write or delete there. Then make the copy again.',
    })
  }
}
