import { log } from '@temporalio/workflow'
import type { Item } from '../../core/backup.js'
import { errorOf } from '../../core/failure.js'
import { dataActivities, uploadActivity } from '../proxies.js'
import type { CaptureRun } from './capture-sets.js'

/**
 * Brings a set from the spool to the destination; its services are back. `onLost` is told when the spool does not have it any
 * more: only then is it worth reading again. For a destination that stays away, no service is stopped twice.
 */
export async function uploadSet(
  { job, board, backupId, destination }: CaptureRun,
  items: readonly Item[],
  onLost: (error: unknown) => void,
): Promise<void> {
  const upload = uploadActivity(job.host)
  board.enter('uploading')
  for (const { source, objects } of items) {
    board.source(source, { state: 'uploading' })
    try {
      await upload.executeWithOptions({ summary: `upload of ${source}` }, [
        {
          ...{ backupId, plan: job.plan, destination, source },
          objects: objects.map(({ name, storedBytes, storedSha256 }) => ({
            name,
            storedBytes,
            storedSha256,
          })),
        },
      ])
    } catch (error) {
      board.source(source, { state: 'failed' })
      if (errorOf(error)?.code === 'spool.lost') onLost(error)
      throw error
    }
    board.source(source, { state: 'done' })
  }
}

/** Of an attempt that was lost. What is left only takes room until the run ends. */
export async function forgetSpooled({ job, backupId }: CaptureRun): Promise<void> {
  try {
    await dataActivities(job.host).emptySpool({ plan: job.plan, backupId })
  } catch (error) {
    log.warn('what a lost attempt left in the spool was not removed', { backupId, error: String(error) })
  }
}
