import { upsertSearchAttributes } from '@temporalio/workflow'
import { workflowIds } from '../core/ids.js'
import type { RetentionInput } from '../core/work.js'
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
}

/** Applies the retention of a plan when a person asks for it; a backup run does so by itself. */
export async function retentionRun({ host, retention, backupIds }: RetentionRunInput): Promise<Retained> {
  const { plan, site, destination } = retention
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
      const expired = await dataActivities(host).expire({ plan, destination, backupIds })
      upsertSearchAttributes(attributes({ outcome: 'good' }))
      return { report: { destination, decisions: [] }, expired }
    }
    const retained = await retain(host, retention)
    await resolve(host, [runAlarms.retention(plan)])
    upsertSearchAttributes(attributes({ outcome: 'good' }))
    return retained
  })
}
