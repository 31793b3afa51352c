import { upsertSearchAttributes } from '@temporalio/workflow'
import { parseBackupId } from '../core/ids.js'
import { outcomeOfRehearsal, type RehearsalReport } from '../core/rehearsal.js'
import type { BackupReference } from '../core/work/catalog.js'
import { dataActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'

export interface RehearsalRunInput {
  readonly host: string
  /** With the whole id. */
  readonly reference: BackupReference
}

/** Restores a backup into places of its own and compares what came with what was captured. No service stops for it. */
export async function rehearsalRun({ host, reference }: RehearsalRunInput): Promise<RehearsalReport> {
  const { backupId } = reference
  const plan = parseBackupId(backupId)?.plan
  upsertSearchAttributes(
    attributes({ ...(plan === undefined ? {} : { plan }), host, kind: 'verify', backup: backupId }),
  )
  const report = await dataActivities(host).rehearse(reference)
  upsertSearchAttributes(attributes({ outcome: outcomeOfRehearsal(report) }))
  return report
}
