import { DEFAULT_QUARANTINE_MS } from '../../core/job.js'
import type { ExpireResult, RetentionInput } from '../../core/work/catalog.js'
import type { Retained } from '../../core/work/runs.js'
import { dataActivities, questionActivities } from '../proxies.js'

/**
 * Decides what goes, with reasons, and deletes it: hidden now, removed after its quarantine. Removes what was deleted long
 * enough ago, and what ended runs left unfinished. Only under the lock of the plan.
 */
export async function retain(host: string, input: RetentionInput): Promise<Retained> {
  const { plan, destination, rules, intervalMs } = input
  const { previewRetention } = questionActivities(host, 'step')
  const report = await previewRetention.executeWithOptions({ summary: `what ${plan} keeps` }, [input])
  const backupIds = report.decisions
    .filter(({ keptBecause }) => keptBecause.length === 0)
    .map(({ backupId }) => backupId)
  const summary = `deletes ${backupIds.length} of ${report.decisions.length}`
  const expired = await dataActivities(host).expire.executeWithOptions({ summary }, [
    {
      ...{ plan, destination, backupIds, by: 'retention', removal: 'after-quarantine' },
      quarantineMs: rules.quarantineMs ?? DEFAULT_QUARANTINE_MS,
      ...(intervalMs === undefined ? {} : { intervalMs }),
    },
  ])
  return { report, expired }
}

/** Deletes nothing: removes what people have deleted long enough ago, and what ended runs left unfinished. */
export const clearAway = (
  host: string,
  { plan, destination }: Pick<RetentionInput, 'plan' | 'destination'>,
): Promise<ExpireResult> =>
  dataActivities(host).expire.executeWithOptions({ summary: 'removes what was deleted before' }, [
    {
      ...{ plan, destination, backupIds: [], by: 'retention', removal: 'after-quarantine' },
      quarantineMs: DEFAULT_QUARANTINE_MS,
    },
  ])
