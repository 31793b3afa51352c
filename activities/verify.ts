import { Context } from '@temporalio/activity'
import type { Manifest, StoredObject } from '../core/backup.js'
import { requireOpened } from '../core/encrypted-manifest.js'
import { backupFolder } from '../core/ids.js'
import type { VerifyInput, VerifyReport } from '../core/work.js'
import type { DataActivities } from './activities.js'
import { contentProblem, sizeProblem } from './catalog/check-objects.js'
import { withHeartbeat } from './heartbeat.js'
import { dataKeyOf } from './keys/backup-keys.js'
import { objectReader, type StoredBackup } from './pipeline/object-reader.js'
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
      const manifest = requireOpened(located.manifest, tools.site.host)
      const destination = await tools.destination(located.destination, signal)
      const dataKey = await dataKeyOf(tools.keys, { destination, manifest }, signal)
      const backup: StoredBackup = {
        destination,
        plan: manifest.plan,
        backupId: manifest.id,
        ...(dataKey ? { dataKey } : {}),
        signal,
      }
      verified = beginOf(manifest)
      const objects = manifest.items.flatMap((item) => item.objects)
      for (const object of objects.slice(verified.objects)) {
        const problem = await problemOf(backup, object)
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

function beginOf({ id: backupId }: Manifest): Verified {
  const before = Context.current().info.heartbeatDetails as Verified | undefined
  return before?.backupId === backupId ? before : { backupId, objects: 0, bytes: 0, problems: [] }
}

async function problemOf(backup: StoredBackup, object: StoredObject): Promise<string | undefined> {
  const { destination, plan, backupId, signal } = backup
  return (
    (await sizeProblem(destination, backupFolder(plan, backupId), object, signal)) ??
    (await contentProblem(objectReader(backup), object, signal))
  )
}

async function alarm({ alarms }: Tools, { backupId, destination, problems }: VerifyReport): Promise<void> {
  const cause = `damaged/${destination}/${backupId}`
  if (problems.length === 0) return alarms.resolve(cause)
  await alarms.raise({
    cause,
    summary: `Backup ${backupId} at destination "${destination}" is damaged: ${problems[0]}`,
    hint: 'Make a new backup now, look at the disk, and verify the other backups there.',
  })
}
