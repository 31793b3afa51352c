import { Context } from '@temporalio/activity'
import { backupAlarms } from '../core/backup-alarms.js'
import type { Item, Manifest, StoredObject } from '../core/backup.js'
import { requireOpened } from '../core/encrypted-manifest.js'
import { HoldfastError, isRetryable } from '../core/errors.js'
import { backupFolder, manifestName } from '../core/ids.js'
import type { VerifyDepth } from '../core/job.js'
import type { MarkContent, MarkState } from '../core/marks.js'
import type { VerifyInput, VerifyReport } from '../core/work/catalog.js'
import type { DataActivities } from './activities.js'
import { contentProblem, damageFound, sizeProblem, storedProblem } from './catalog/check-objects.js'
import { addMark } from './catalog/marks.js'
import { withHeartbeat } from './heartbeat.js'
import { dataKeyOf } from './keys/backup-keys.js'
import { objectReader, type StoredBackup } from './pipeline/object-reader.js'
import { sources } from './sources/registry.js'
import type { Tools } from './tools.js'
import { withDriver, type DriverWork, type SourceDrivers } from './with-driver.js'

/** Details of the heartbeat: an attempt goes on after the last object that the one before had finished. */
interface Verified {
  readonly backupId: string
  readonly objects: number
  readonly bytes: number
  readonly problems: readonly string[]
  readonly notes?: readonly string[]
}

export const verifyActivities = (
  tools: Tools,
  drivers: SourceDrivers = sources,
): Pick<DataActivities, 'verify'> => ({
  verify: (input) => verify(tools, drivers, input),
})

/** Reads every byte of a backup, marks it, and alarms when one is not as it was recorded. */
async function verify(
  tools: Tools,
  drivers: SourceDrivers,
  { reference, depth = 'readBack' }: VerifyInput,
): Promise<VerifyReport> {
  let verified: Verified | undefined
  return withHeartbeat(
    async (signal) => {
      const located = await tools.catalog.find(reference, signal)
      const manifest = requireOpened(located, tools.site.host)
      const destination = await tools.destination(located.destination, signal)
      const dataKey = await dataKeyOf(tools.keys, { destination, manifest }, signal)
      const place = { destination, plan: manifest.plan, backupId: manifest.id, signal }
      const backup: StoredBackup = { ...place, ...(dataKey ? { dataKey } : {}) }
      verified = beginOf(manifest)
      const work: Looking = { tools, drivers, signal, backup, site: manifest.site, depth }
      for (const [item, object] of objectsOf(manifest).slice(verified.objects))
        verified = withFound(verified, object, await look(work, item, object))
      const report: VerifyReport = { ...verified, destination: located.destination }
      if (report.problems.length > 0) await requireStillThere(backup)
      const notes = [...(report.notes ?? []), ...forgedNotes(located.marks), ...(await record(work, report))]
      return notes.length === 0 ? report : { ...report, notes }
    },
    () => verified,
  )
}

/** Nothing keeps a backup from being removed while it is read: then what it lacks is no damage. Its manifest goes first. */
async function requireStillThere({ destination, plan, backupId, signal }: StoredBackup): Promise<void> {
  if (await destination.stat(manifestName(plan, backupId), signal)) return
  throw new HoldfastError('backup.not-found', `${backupId} was removed while it was read.`, {
    hint: 'Choose another one from `holdfast backup list`.',
  })
}

const objectsOf = ({ items }: Manifest): readonly (readonly [Item, StoredObject])[] =>
  items.flatMap((item) => item.objects.map((object) => [item, object] as const))

function beginOf({ id: backupId }: Manifest): Verified {
  const before = Context.current().info.heartbeatDetails as Verified | undefined
  return before?.backupId === backupId ? before : { backupId, objects: 0, bytes: 0, problems: [] }
}

interface Found {
  readonly problem?: string | undefined
  readonly note?: string
}

const withFound = (
  verified: Verified,
  { storedBytes }: StoredObject,
  { problem, note }: Found,
): Verified => ({
  ...verified,
  objects: verified.objects + 1,
  bytes: verified.bytes + storedBytes,
  problems: problem === undefined ? verified.problems : [...verified.problems, problem],
  ...(note === undefined ? {} : { notes: [...(verified.notes ?? []), note] }),
})

interface Looking extends DriverWork {
  readonly backup: StoredBackup
  /** Whose the backup is. */
  readonly site: string
  readonly depth: VerifyDepth
}

async function look(work: Looking, item: Item, object: StoredObject): Promise<Found> {
  const { backup, depth, signal } = work
  const { destination, plan, backupId } = backup
  const folder = backupFolder(plan, backupId)
  const size = await sizeProblem(destination, folder, object, signal)
  if (size !== undefined) return { problem: size }
  if (depth === 'checksum') return { problem: await storedProblem(destination, folder, object, signal) }
  const reader = objectReader(backup)
  const about = { sourceName: item.source, type: item.type }
  try {
    const problem = await damageFound(object, () =>
      withDriver(work, about, (driver, context) => driver.inspect(item, object, reader, context)),
    )
    return { problem }
  } catch (error) {
    // Without the means to look inside, its bytes still can be compared.
    if (!(error instanceof HoldfastError) || !NO_MEANS.has(error.code)) throw error
    const note = `${object.name} was not looked into: ${error.message}`
    return { problem: await contentProblem(reader, object, signal), note }
  }
}

const NO_MEANS: ReadonlySet<string> = new Set([
  'source.tool-missing',
  'source.no-space',
  'service.not-found',
  'docker.unreachable',
  'docker.denied',
])

/** It says nothing of the bytes of the backup, which are what is verified. */
const forgedNotes = ({ forged = [] }: MarkState): readonly string[] =>
  forged.map(
    (name) =>
      `Mark ${name} was not written by anyone who has a key of the backup: it counts for nothing. Look at who can write there.`,
  )

/** The result as a mark and, when it is bad, as an alarm. Answers why there is no mark, where that is so. */
async function record(
  { tools, backup, site: owner, depth, signal }: Looking,
  { backupId, problems }: VerifyReport,
): Promise<readonly string[]> {
  const { destination, plan, dataKey } = backup
  const { name } = destination
  const cause = backupAlarms.damaged(name, backupId)
  const [problem] = problems
  if (problem === undefined) await tools.alarms.resolve(cause)
  else {
    await tools.alarms.raise({
      cause,
      summary: `Backup ${backupId} at destination "${name}" is damaged: ${problem}`,
      hint: 'Make a new backup now, look at the disk, and verify the other backups there.',
    })
  }
  if (owner !== tools.site.site) return [`It is not marked: it belongs to the site "${owner}".`]
  const content: MarkContent =
    problem === undefined
      ? { kind: 'verified', destination: name, depth }
      : { kind: 'damaged', destination: name, problem: problem.slice(0, PROBLEM_LENGTH) }
  const { site, clock } = tools
  try {
    const trust = dataKey === undefined ? { isEncrypted: false } : { isEncrypted: true, dataKey }
    await addMark({ destination, plan, backupId, trust }, content, { site, clock, signal })
    return []
  } catch (error) {
    // A place that is full or read-only can still be verified.
    if (!(error instanceof HoldfastError) || isRetryable(error.kind)) throw error
    return [`It is not marked: ${error.message}`]
  }
}

/** As long as a mark may say it. */
const PROBLEM_LENGTH = 2000
