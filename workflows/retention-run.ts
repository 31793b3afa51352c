import { upsertSearchAttributes } from '@temporalio/workflow'
import { workflowIds } from '../core/ids.js'
import { DEFAULT_QUARANTINE_MS } from '../core/job.js'
import type { ExpireInput, RetentionInput } from '../core/work.js'
import { dataActivities } from './proxies.js'
import { runAlarms, resolve } from './steps/alarms.js'
import { attributes } from './steps/attributes.js'
import { openInbox } from './steps/inbox.js'
import { retain, type Retained } from './steps/retain.js'
import { whileLockedWaiting } from './steps/while-locked.js'

export interface RetentionRunInput {
  readonly host: string
  readonly retention: RetentionInput
  /** Exactly these go, whatever the rules say: `backup delete`. Left out: what the rules no longer keep. */
  readonly backupIds?: readonly string[]
  /** Of these. Default: `after-quarantine`. */
  readonly removal?: ExpireInput['removal']
}

/** Applies the retention of a plan when a person asks for it; a backup run does so by itself. */
export async function retentionRun(input: RetentionRunInput): Promise<Retained> {
  const { host, retention, backupIds, removal = 'after-quarantine' } = input
  const { plan, site, destination, rules } = retention
  upsertSearchAttributes(attributes({ site, plan, host, kind: 'retention' }))
  const lock = {
    lock: workflowIds.planLock(plan),
    places: 1 as const,
    mode: 'exclusive' as const,
    purpose: `retention of ${plan}`,
    host,
    onWait: () => undefined,
  }
  return whileLockedWaiting(openInbox(), lock, async () => {
    if (backupIds !== undefined) {
      const expired = await dataActivities(host).expire({
        ...{ plan, destination, backupIds, removal, by: 'person' },
        quarantineMs: rules.quarantineMs ?? DEFAULT_QUARANTINE_MS,
      })
      upsertSearchAttributes(attributes({ outcome: 'good' }))
      return { report: { destination, decisions: [] }, expired }
    }
    const retained = await retain(host, retention)
    await resolve(host, [runAlarms.retention(plan)])
    upsertSearchAttributes(attributes({ outcome: 'good' }))
    return retained
  })
}
