import { upsertSearchAttributes } from '@temporalio/workflow'
import { HoldfastError } from '../core/errors.js'
import { parseBackupId } from '../core/ids.js'
import type { VerifyInput, VerifyReport } from '../core/work/catalog.js'
import { dataActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'

export interface VerifyRunInput extends VerifyInput {
  readonly host: string
}

/**
 * Reads a backup whole and compares it with its manifest. `reference` has the whole id. Takes no lock: reading may last for
 * hours, and must not keep a backup from its time. Fails with `backup.not-found` when it is removed meanwhile.
 */
export async function verifyRun({ host, reference }: VerifyRunInput): Promise<VerifyReport> {
  const { backupId } = reference
  const plan = parseBackupId(backupId)?.plan
  if (plan === undefined) {
    throw new HoldfastError('backup.not-found', `"${backupId}" is not a whole backup id.`, {
      hint: 'Take one from `holdfast backup list`.',
    })
  }
  upsertSearchAttributes(attributes({ plan, host, kind: 'verify', backup: backupId }))
  const report = await dataActivities(host).verify({ reference })
  upsertSearchAttributes(attributes({ outcome: report.problems.length === 0 ? 'good' : 'not-good' }))
  return report
}
