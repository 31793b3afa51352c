import { mkdir, statfs } from 'node:fs/promises'
import { backupAlarms } from '../core/backup-alarms.js'
import { plainBytesOf, type Item } from '../core/backup.js'
import { HoldfastError, isRetryable } from '../core/errors.js'
import {
  differenceOf,
  hasFailed,
  outcomeOfRehearsal,
  type RehearsalReport,
  type RehearsedItem,
} from '../core/rehearsal.js'
import { isServerDatabase } from '../core/server-databases.js'
import { formatBytes } from '../core/units.js'
import type { BackupReference } from '../core/work/catalog.js'
import type { DataActivities } from './activities.js'
import { isDamage } from './catalog/check-objects.js'
import { withHeartbeat } from './heartbeat.js'
import { dataKeyOf } from './keys/backup-keys.js'
import { objectReader } from './pipeline/object-reader.js'
import { requireBelievable } from './preview-restore.js'
import { whileRehearsing } from './rehearsals.js'
import { requireAllowedSource } from './source-allowed.js'
import type { ObjectReader } from './sources/driver.js'
import { sources } from './sources/registry.js'
import type { Tools } from './tools.js'
import { withDriver, type DriverWork, type SourceDrivers } from './with-driver.js'

/** As much again must stay free where the journal lies; SQLite's databases are copied once more to be counted. */
const ROOM = 2

export const rehearseActivities = (
  tools: Tools,
  drivers: SourceDrivers = sources,
): Pick<DataActivities, 'rehearse'> => ({
  rehearse: (reference) => withHeartbeat((signal) => rehearse({ tools, drivers, signal }, reference)),
})

/** Every item by itself: one that cannot be restored keeps no other from being tried. */
async function rehearse(work: DriverWork, reference: BackupReference): Promise<RehearsalReport> {
  const { tools, signal } = work
  const startedAt = tools.clock().getTime()
  const located = await tools.catalog.find(reference, signal)
  const manifest = requireBelievable(located, { reference }, tools.site.host)
  const destination = await tools.destination(located.destination, signal)
  const dataKey = await dataKeyOf(tools.keys, { destination, manifest }, signal)
  const backup = { destination, plan: manifest.plan, backupId: manifest.id, signal }
  const objects = objectReader({ ...backup, ...(dataKey ? { dataKey } : {}) })
  const { items } = manifest
  const rehearsalId = `rehearsal/${manifest.id}`
  const rehearsed = await whileRehearsing(work, { rehearsalId, items }, async (folderOf) => {
    const results: RehearsedItem[] = []
    for (const item of items)
      results.push(await rehearseItem(work, item, { rehearsalId, folder: folderOf(item), objects }))
    return results
  })
  const report: RehearsalReport = {
    backupId: manifest.id,
    destination: located.destination,
    items: rehearsed,
    durationMs: tools.clock().getTime() - startedAt,
  }
  await alarmOrNot(tools, report)
  return report
}

interface Place {
  readonly rehearsalId: string
  readonly folder: string
  readonly objects: ObjectReader
}

async function rehearseItem(
  work: DriverWork,
  item: Item,
  { objects, ...place }: Place,
): Promise<RehearsedItem> {
  const { source, type } = item
  try {
    await requireRoom(work, item, place.folder)
    const counts = await withDriver(work, { sourceName: source, type }, (driver, context) =>
      driver.rehearse(item, place, { objects, context }),
    )
    const problem = differenceOf(item.counts, counts)
    if (problem === undefined) return { source, type, outcome: 'restored', counts }
    return { source, type, outcome: 'failed', counts, problem }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const told = { source, type, counts: {}, problem: error.message }
    if (isDamage(error.code) || error.code === 'restore.failed') return { ...told, outcome: 'failed' }
    // The network may be back for the next attempt; a program or a right that is missing will not.
    if (isRetryable(error.kind) && error.code !== 'restore.conflict') throw error
    return { ...told, outcome: 'not-done' }
  }
}

/** Servers keep their data on disks that nobody here sees; they fail by themselves, and what they made is dropped. */
async function requireRoom({ tools, signal }: DriverWork, item: Item, folder: string): Promise<void> {
  if (isServerDatabase(item.type)) return requireAllowedSource(tools, item.spec, signal)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const wanted = ROOM * plainBytesOf(item)
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= wanted) return
  throw new HoldfastError(
    'restore.no-space',
    `Restoring "${item.source}" on trial needs ${formatBytes(wanted)} in ${folder}, of which ${formatBytes(bavail * bsize)} are free.`,
    { hint: 'Make room there, or set `stateDir` in holdfast.yaml to a place that has it.' },
  )
}

/** That something could not be tried is for whoever asked; that it cannot be restored is for everybody. */
async function alarmOrNot({ alarms }: Tools, report: RehearsalReport): Promise<void> {
  const { backupId, destination, items } = report
  const cause = backupAlarms.unrestorable(destination, backupId)
  if (outcomeOfRehearsal(report) === 'good') return alarms.resolve(cause)
  const failed = items.find(({ outcome }) => outcome === 'failed')
  if (!hasFailed(report) || failed === undefined) return
  await alarms.raise({
    cause,
    summary: `Backup ${backupId} at destination "${destination}" was restored on trial, and is not what was captured: ${failed.source}: ${failed.problem}`,
    hint: `Make a new backup now, and see \`holdfast backup verify ${backupId}\`.`,
  })
}
