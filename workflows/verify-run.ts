import { upsertSearchAttributes } from '@temporalio/workflow'
import { HoldfastError } from '../core/errors.js'
import { parseBackupId, workflowIds } from '../core/ids.js'
import type { VerifyInput, VerifyReport } from '../core/work.js'
import { dataActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'
import { openInbox } from './steps/inbox.js'
import { whileLockedWaiting } from './steps/while-locked.js'

export interface VerifyRunInput extends VerifyInput {
  readonly host: string
}

/**
 * Reads a backup whole and compares it with its manifest. `reference` has the whole id: it names the plan, whose lock is
 * shared meanwhile, so that nothing removes what is read.
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
  const lock = {
    lock: workflowIds.planLock(plan),
    places: 1 as const,
    mode: 'shared' as const,
    purpose: `verification of ${backupId}`,
    host,
    onWait: () => undefined,
  }
  return whileLockedWaiting(openInbox(), lock, async () => {
    const report = await dataActivities(host).verify({ reference })
    upsertSearchAttributes(attributes({ outcome: report.problems.length === 0 ? 'good' : 'not-good' }))
    return report
  })
}
