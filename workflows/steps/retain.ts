import type { ExpireResult, RetentionInput, RetentionReport } from '../../core/work.js'
import { dataActivities, questionActivities } from '../proxies.js'

export interface Retained {
  readonly report: RetentionReport
  readonly expired: ExpireResult
}

/**
 * Decides what goes, with reasons, and removes it, together with what ended runs left unfinished. Only under the lock
 * of the plan.
 */
export async function retain(host: string, input: RetentionInput): Promise<Retained> {
  const { plan, destination } = input
  const { previewRetention } = questionActivities(host, 'step')
  const report = await previewRetention.executeWithOptions({ summary: `what ${plan} keeps` }, [input])
  const backupIds = report.decisions
    .filter(({ keptBecause }) => keptBecause.length === 0)
    .map(({ backupId }) => backupId)
  const summary = `removes ${backupIds.length} of ${report.decisions.length}`
  const expired = await dataActivities(host).expire.executeWithOptions({ summary }, [
    { plan, destination, backupIds },
  ])
  return { report, expired }
}
