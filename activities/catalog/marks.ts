import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import { marksFolder } from '../../core/ids.js'
import {
  MARK_FORMAT,
  kindOfMarkName,
  nextMarkName,
  type Mark,
  type MarkContent,
  type PlacedMark,
} from '../../core/marks.js'
import { Mark as MarkSchema } from '../../schemas/mark.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import { readSmallObject } from './small-object.js'

// The only place that reads and writes marks.

interface BackupPlace {
  readonly plan: string
  readonly backupId: string
}

const MARK_OBJECT = /^plans\/([^/]+)\/([^/]+)\/marks\/([^/]+)$/

/** The mark that an object is; undefined for other objects, and for marks of kinds that this version does not know. */
export function markOfObject(objectName: string): (BackupPlace & { name: string }) | undefined {
  const [, plan, backupId, name] = MARK_OBJECT.exec(objectName) ?? []
  if (plan === undefined || backupId === undefined || name === undefined) return undefined
  return kindOfMarkName(name) === undefined ? undefined : { plan, backupId, name }
}

/** One mark, checked. Fails with `object.corrupt` when it is not what was written. */
export async function readMark(
  destination: Destination,
  objectName: string,
  signal: AbortSignal,
): Promise<Mark> {
  const place = markOfObject(objectName)
  const mark = parseMark(await readSmallObject(destination, objectName, signal))
  if (place && mark?.backupId === place.backupId && mark.kind === kindOfMarkName(place.name)) return mark
  throw new HoldfastError(
    'object.corrupt',
    `Mark ${objectName} at destination "${destination.name}" is not as it was written.`,
    { hint: 'The backup itself is not touched, and is not removed. Look at who can write there.' },
  )
}

function parseMark(bytes: Buffer): Mark | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return markValidator()(value) ? value : undefined
  } catch {
    return undefined
  }
}

let compiled: ValidateFunction<Mark> | undefined
function markValidator(): ValidateFunction<Mark> {
  compiled ??= new Ajv2020({ strict: true, strictRequired: false }).compile<Mark>(MarkSchema)
  return compiled
}

/** All marks of one backup, as they are now. One that cannot be read is among them, without what it says. */
export async function readMarks(
  destination: Destination,
  { plan, backupId }: BackupPlace,
  signal: AbortSignal,
): Promise<PlacedMark[]> {
  const placed: PlacedMark[] = []
  for await (const info of destination.list(marksFolder(plan, backupId), signal)) {
    if (markOfObject(info.name)) placed.push(await readPlaced(destination, info, signal))
  }
  return placed
}

async function readPlaced(
  destination: Destination,
  { name, modifiedAt }: ObjectInfo,
  signal: AbortSignal,
): Promise<PlacedMark> {
  const place = { name: name.slice(name.lastIndexOf('/') + 1), modifiedAt: modifiedAt.toISOString() }
  try {
    return { ...place, mark: await readMark(destination, name, signal) }
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object.corrupt') return place
    throw error
  }
}

/** Two of us that mark one backup in the same millisecond; more often than this, something else is wrong. */
const MAX_ATTEMPTS = 20

/** Adds a mark, after all that are there already. */
export async function addMark(
  destination: Destination,
  { plan, backupId }: BackupPlace,
  content: MarkContent,
  world: {
    readonly site: { readonly site: string; readonly host: string }
    readonly clock: () => Date
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { site, clock, signal } = world
  const folder = marksFolder(plan, backupId)
  for (let attempt = 1; ; attempt++) {
    const existing: string[] = []
    for await (const { name } of destination.list(folder, signal)) existing.push(name.slice(folder.length))
    const now = clock()
    const mark = {
      format: MARK_FORMAT,
      backupId,
      site: site.site,
      host: site.host,
      at: now.toISOString(),
      ...content,
    } as Mark
    const body = Readable.from([Buffer.from(`${JSON.stringify(mark, null, 2)}\n`)])
    try {
      await destination.put(`${folder}${nextMarkName(content.kind, now, existing)}`, body, { signal })
      return
    } catch (error) {
      const isTaken = error instanceof HoldfastError && error.code === 'object.conflict'
      if (!isTaken || attempt === MAX_ATTEMPTS) throw error
    }
  }
}
