import { Context } from '@temporalio/activity'
import { backupAlarms } from '../core/backup-alarms.js'
import type { StoredObject } from '../core/backup.js'
import { backupFolder } from '../core/ids.js'
import type { LocatedBackup, VerifyInput, VerifyReport } from '../core/work.js'
import type { DataActivities } from './activities.js'
import { contentProblem, sizeProblem } from './catalog/check-objects.js'
import { withHeartbeat } from './heartbeat.js'
import { objectReader } from './pipeline/object-reader.js'
import type { Tools } from './tools.js'

/** Details of the heartbeat: an attempt goes on after the last object that the one before had finished. */
interface Verified {
  readonly backupId: string
  readonly objects: number
  readonly bytes: number
  readonly problems: readonly string[]
}

export const verifyActivities = (tools: Tools): Pick<DataActivities, 'verify'> => ({
  verify: (input) => verify(tools, input),
})

/** Reads every byte of a backup, and alarms when one is not as it was recorded. */
async function verify(tools: Tools, { reference }: VerifyInput): Promise<VerifyReport> {
  let verified: Verified | undefined
  return withHeartbeat(
    async (signal) => {
      const located = await tools.catalog.find(reference, signal)
      verified = beginOf(located)
      const objects = located.manifest.items.flatMap((item) => item.objects)
      for (const object of objects.slice(verified.objects)) {
        const problem = await problemOf(tools, located, object, signal)
        verified = {
          ...verified,
          objects: verified.objects + 1,
          bytes: verified.bytes + object.storedBytes,
          problems: problem === undefined ? verified.problems : [...verified.problems, problem],
        }
      }
      const report = { ...verified, destination: located.destination }
      await alarm(tools, report)
      return report
    },
    () => verified,
  )
}

function beginOf({ manifest }: LocatedBackup): Verified {
  const before = Context.current().info.heartbeatDetails as Verified | undefined
  return before?.backupId === manifest.id
    ? before
    : { backupId: manifest.id, objects: 0, bytes: 0, problems: [] }
}

async function problemOf(
  tools: Tools,
  { manifest, destination: name }: LocatedBackup,
  object: StoredObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const destination = await tools.destination(name, signal)
  const folder = backupFolder(manifest.plan, manifest.id)
  return (
    (await sizeProblem(destination, folder, object, signal)) ??
    (await contentProblem(objectReader(destination, folder, signal), object, signal))
  )
}

async function alarm({ alarms }: Tools, { backupId, destination, problems }: VerifyReport): Promise<void> {
  const cause = backupAlarms.damaged(destination, backupId)
  if (problems.length === 0) return alarms.resolve(cause)
  await alarms.raise({
    cause,
    summary: `Backup ${backupId} at destination "${destination}" is damaged: ${problems[0]}`,
    hint: 'Make a new backup now, look at the disk, and verify the other backups there.',
  })
}
