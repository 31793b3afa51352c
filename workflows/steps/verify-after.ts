import { CancellationScope } from '@temporalio/workflow'
import { errorOf } from '../../core/failure.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { dataActivities } from '../proxies.js'
import { raise, resolve, runAlarms } from './alarms.js'
import type { CaptureRun } from './capture-sets.js'

type Verification = NonNullable<BackupRunResult['verification']>

/** Reads the new backup back, where its plan says so. The backup stands, whatever this finds. */
export async function verifyAfter({
  job,
  backupId,
  destination,
  board,
}: CaptureRun): Promise<Verification | undefined> {
  const { plan, host, verifyAfter: depth } = job
  if (depth === undefined) return undefined
  board.enter('verifying')
  try {
    const { problems } = await dataActivities(host).verify({ reference: { backupId, destination }, depth })
    await resolve(host, [runAlarms.verification(plan)])
    return { outcome: problems.length === 0 ? 'verified' : 'damaged', problems }
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error
    const note = errorOf(error)?.message ?? String(error)
    await raise(host, {
      cause: runAlarms.verification(plan),
      summary: `The backup ${backupId} could not be verified: ${note}`,
      hint: `See why, then run \`holdfast backup verify ${backupId}\`.`,
      plan,
    })
    return { outcome: 'not-done', problems: [], note }
  }
}
