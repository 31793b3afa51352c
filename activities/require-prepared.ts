import { HoldfastError } from '../core/errors.js'
import { runObjectName } from '../core/ids.js'
import type { Destination } from './destinations/driver.js'

/** `run.json` says whose the folder is: without it, the sweep could take objects for nobody's. */
export async function requirePrepared(
  destination: Destination,
  { plan, backupId }: { readonly plan: string; readonly backupId: string },
  signal: AbortSignal,
): Promise<void> {
  if (await destination.stat(runObjectName(plan, backupId), signal)) return
  throw new HoldfastError(
    'backup.not-found',
    `Backup ${backupId} was not prepared at destination "${destination.name}", or was discarded meanwhile.`,
    { hint: 'Start the backup again.' },
  )
}
