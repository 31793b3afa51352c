import { CancellationScope } from '@temporalio/workflow'
import type { BackupSummary } from '../../core/backup.js'
import { errorOf } from '../../core/failure.js'
import { rulesAt } from '../../core/job.js'
import type { BackupRunResult, RetentionResult } from '../../core/work/runs.js'
import { raise, runAlarms } from './alarms.js'
import type { CaptureRun } from './capture-sets.js'
import { clearAway, retain } from './retain.js'

/**
 * Retention at one destination. Only after a good backup: failing runs must never age the good ones away. The backup stands,
 * whatever this does.
 */
export async function applyRetention(
  { job, board }: CaptureRun,
  destination: string,
  { isGood }: BackupSummary,
  verification: BackupRunResult['verification'],
): Promise<RetentionResult> {
  const nothing = { expired: [], removed: [] }
  if (!isGood) return { ...nothing, note: 'only a good backup lets older ones go' }
  if (verification?.outcome === 'not-done') return { ...nothing, note: 'the backup could not be verified' }
  board.enter('retention')
  const { plan, site, timezone, host } = job
  const rules = rulesAt(job, destination)
  try {
    if (rules === undefined) {
      const { removed } = await clearAway(host, { plan, destination })
      return { expired: [], removed, note: 'the plan has no retention' }
    }
    const { expired } = await retain(host, { plan, site, destination, rules, timezone })
    return { expired: expired.expired ?? [], removed: expired.removed }
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error
    const note = `retention failed: ${errorOf(error)?.message ?? String(error)}`
    await raise(host, {
      cause: runAlarms.retention(plan),
      summary: `Old backups of ${plan} were not removed at "${destination}": ${note}.`,
      hint: `See why, then run \`holdfast backup cleanup ${plan}\`.`,
      plan,
    })
    return { ...nothing, note }
  }
}
