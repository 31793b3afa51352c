import { CancellationScope, upsertSearchAttributes } from '@temporalio/workflow'
import { errorOf } from '../core/failure.js'
import { DEFAULT_QUARANTINE_MS } from '../core/job.js'
import type { ExpireInput, RetentionInput } from '../core/work/catalog.js'
import type { Retained, RetentionRunResult } from '../core/work/runs.js'
import { dataActivities } from './proxies.js'
import { runAlarms, resolve } from './steps/alarms.js'
import { attributes } from './steps/attributes.js'
import { openInbox } from './steps/inbox.js'
import { retain } from './steps/retain.js'
import { whilePlanIsOurs } from './steps/while-locked.js'

export interface RetentionRunInput {
  readonly host: string
  readonly plan: string
  readonly site: string
  /** One for each destination: each decides by its own rules, from what is there. */
  readonly retentions: readonly RetentionInput[]
  /** Exactly these go, whatever the rules say: `backup delete`. Left out: what the rules no longer keep. */
  readonly backupIds?: readonly string[]
  /** Of these. Default: `after-quarantine`. */
  readonly removal?: ExpireInput['removal']
}

/**
 * Applies the retention of a plan when a person asks for it; a backup run does so by itself. A destination that does not
 * answer keeps the others from nothing; fails only where all do.
 */
export async function retentionRun(input: RetentionRunInput): Promise<RetentionRunResult> {
  const { host, plan, site, retentions, backupIds } = input
  upsertSearchAttributes(attributes({ site, plan, host, kind: 'retention' }))
  return whilePlanIsOurs(
    openInbox(),
    { plan, purpose: `retention of ${plan}`, host, onWait: () => undefined },
    async () => {
      const retained: Retained[] = []
      const failures: { destination: string; error: unknown }[] = []
      for (const retention of retentions) {
        try {
          retained.push(
            await (backupIds === undefined ? retain(host, retention) : remove(input, retention, backupIds)),
          )
        } catch (error) {
          if (CancellationScope.current().consideredCancelled) throw error
          failures.push({ destination: retention.destination, error })
        }
      }
      if (retained.length === 0) throw failures[0]?.error
      if (backupIds === undefined && failures.length === 0) await resolve(host, [runAlarms.retention(plan)])
      upsertSearchAttributes(attributes({ outcome: failures.length === 0 ? 'good' : 'partial' }))
      return {
        retained,
        failed: failures.map(({ destination, error }) => ({
          destination,
          problem: errorOf(error)?.message ?? String(error),
        })),
      }
    },
  )
}

async function remove(
  { host, plan, removal = 'after-quarantine' }: RetentionRunInput,
  { destination, rules }: RetentionInput,
  backupIds: readonly string[],
): Promise<Retained> {
  const expired = await dataActivities(host).expire({
    ...{ plan, destination, backupIds, removal, by: 'person' },
    quarantineMs: rules.quarantineMs ?? DEFAULT_QUARANTINE_MS,
  })
  return { report: { destination, decisions: [] }, expired }
}
