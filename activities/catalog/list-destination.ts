import pLimit from 'p-limit'
import { summaryOf, withMarks, type BackupSummary } from '../../core/backup.js'
import { manifestName } from '../../core/ids.js'
import { stateOfMarks, type PlacedMark } from '../../core/marks.js'
import type { Destination, ObjectInfo } from '../destinations/driver.js'
import { markOfObject, readMark } from './marks.js'
import { expected, type CatalogParts } from './parts.js'
import { backupOfManifest, readManifest } from './read-manifest.js'
import { createSummaryCache, isSame, type CachedObject } from './summary-cache.js'

/** Enough to hide the latency of a store; few enough to stay small, whatever lies there. */
const READ_AT_ONCE = 8

export interface Listed {
  readonly summaries: readonly BackupSummary[]
  readonly problems: readonly string[]
}

/** All backups at one destination, with what their marks say, deleted ones too. Reads what was not read before. */
export async function listDestination(
  { cacheFolder, log }: Pick<CatalogParts, 'cacheFolder' | 'log'>,
  destination: Destination,
  plan: string | undefined,
  signal: AbortSignal,
): Promise<Listed> {
  const prefix = plan === undefined ? 'plans/' : `plans/${plan}/`
  const cache = createSummaryCache({ folder: cacheFolder, destination: destination.name, log })
  const known = await cache.read()
  const current = new Map<string, CachedObject>()
  const unknown: ObjectInfo[] = []
  for await (const info of destination.list(prefix, signal)) {
    if (!backupOfManifest(info.name) && !markOfObject(info.name)) continue
    const entry = known.get(info.name)
    if (isSame(entry, info)) current.set(info.name, entry)
    else unknown.push(info)
  }

  const problems = await readAll(destination, unknown, current, signal)
  const isStale = [...known.keys()].some((name) => name.startsWith(prefix) && !current.has(name))
  if (unknown.length > problems.length || isStale) {
    const elsewhere = [...known.values()].filter(({ name }) => !name.startsWith(prefix))
    await cache.write([...elsewhere, ...current.values()])
  }
  const unread = unknown.filter(({ name }) => !current.has(name))
  return { summaries: summariesOf(current, unread, destination.name), problems }
}

/** Reads objects into `current`; answers what is wrong with those that could not be read. */
async function readAll(
  destination: Destination,
  objects: readonly ObjectInfo[],
  current: Map<string, CachedObject>,
  signal: AbortSignal,
): Promise<string[]> {
  const limit = pLimit(READ_AT_ONCE)
  const problems = await Promise.all(
    objects.map((info) =>
      limit(async (): Promise<string[]> => {
        try {
          current.set(info.name, await readObject(destination, info, signal))
          return []
        } catch (error) {
          const { code, message } = expected(error, signal)
          // It was removed between the listing and now.
          return code === 'backup.not-found' || code === 'object.not-found' ? [] : [message]
        }
      }),
    ),
  )
  return problems.flat()
}

async function readObject(
  destination: Destination,
  { name, bytes, modifiedAt }: ObjectInfo,
  signal: AbortSignal,
): Promise<CachedObject> {
  const object = { name, bytes, modifiedAt: modifiedAt.toISOString() }
  const backup = backupOfManifest(name)
  if (!backup) return { ...object, mark: await readMark(destination, name, signal) }
  return { ...object, summary: summaryOf(await readManifest(destination, backup, signal), destination.name) }
}

function summariesOf(
  current: ReadonlyMap<string, CachedObject>,
  unread: readonly ObjectInfo[],
  destination: string,
): BackupSummary[] {
  const marks = new Map<string, PlacedMark[]>()
  const place = (objectName: string, modifiedAt: string, mark?: PlacedMark['mark']) => {
    const of = markOfObject(objectName)
    if (!of) return
    const manifest = manifestName(of.plan, of.backupId)
    const placed = { name: of.name, modifiedAt, ...(mark === undefined ? {} : { mark }) }
    marks.set(manifest, [...(marks.get(manifest) ?? []), placed])
  }
  for (const { name, modifiedAt, mark } of current.values()) place(name, modifiedAt, mark)
  // What a mark says that cannot be read is not known; that it is there, is.
  for (const { name, modifiedAt } of unread) place(name, modifiedAt.toISOString())
  return [...current.values()].flatMap(({ name, summary }) =>
    summary === undefined ? [] : [withMarks(summary, stateOfMarks(marks.get(name) ?? [], destination))],
  )
}
