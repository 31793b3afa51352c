import { CancellationScope, condition, isCancellation, uuid4, workflowInfo } from '@temporalio/workflow'
import type { HoldReport } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { workflowIds } from '../../core/ids.js'
import type { HoldSpec, ResolvedHold } from '../../core/job.js'
import type { HoldProgress } from '../../core/messages.js'
import type { Lease, LeaseGrant, ReleaseOutcome } from '../../core/work/holds.js'
import { waitActivities } from '../proxies.js'
import type { Inbox } from './inbox.js'
import { releaseSignal, tell } from './signals.js'

/** Beyond what the services may take to become healthy, their guards may take this long to say so. */
const REPORT_MARGIN_MS = 60_000

export interface HoldWish {
  readonly host: string
  /** Services by their canonical references, in stop order. */
  readonly hold: HoldSpec & Partial<Pick<ResolvedHold, 'startAfter'>>
  readonly kind: Lease['kind']
  /** Of a write lease. */
  readonly restoreId?: string
  readonly onChange: (progress: HoldProgress) => void
  /** How the leases are released; undefined: they are not, and their guards keep the services down and alarm. */
  readonly releaseAs: () => ReleaseOutcome | undefined
}

export interface Held {
  readonly grants: readonly LeaseGrant[]
  /** Why the hold is over although we have not released it. */
  readonly revokedBecause: () => string | undefined
}

export interface AfterHold<T> {
  readonly value: T
  readonly reports: readonly HoldReport[]
}

/**
 * Does `work` while every service of the hold stands still. Releases in any case, also when a lease was never granted:
 * its grant may have been lost on the way. Returns when the guards have said what became of the services, or when they
 * should have. Fails with `lease.expired` when the hold was over before all stood still.
 */
export async function whileHeld<T>(
  inbox: Inbox,
  wish: HoldWish,
  work: (held: Held) => Promise<T>,
): Promise<AfterHold<T>> {
  const leases: Lease[] = []
  const grants: LeaseGrant[] = []
  let reports: readonly HoldReport[] = []
  let value: T
  let isOver = false
  const release = () => CancellationScope.nonCancellable(() => releaseAll(wish, leases))
  if (wish.kind === 'read') {
    // A cancelled capture ends when its tool does, which may hang; nothing of it is kept, so no service waits for that.
    CancellationScope.current().cancelRequested.catch(() => (isOver ? undefined : release()))
  }
  try {
    await acquireAll(inbox, wish, { leases, grants })
    value = await work({ grants, revokedBecause: () => revokedBecause(inbox, leases) })
  } finally {
    isOver = true
    await release()
    // Also after a failure: the next hold would only find guards that are still starting.
    if (!CancellationScope.current().consideredCancelled) {
      reports = await awaitReports(inbox, wish, { leases, grants })
    }
  }
  return { value, reports }
}

interface Acquired {
  readonly leases: Lease[]
  readonly grants: LeaseGrant[]
}

/** In stop order. When an early hold ends while a later service is still waited for, nothing can be read under it any more. */
async function acquireAll(inbox: Inbox, wish: HoldWish, { leases, grants }: Acquired): Promise<void> {
  const { acquireLease } = waitActivities(wish.host)
  const scope = new CancellationScope()
  const isOver = new CancellationScope()
  void isOver
    .run(() => condition(() => revokedBecause(inbox, leases) !== undefined))
    .then(
      () => scope.cancel(),
      () => undefined,
    )
  try {
    await scope.run(async () => {
      for (const [i, service] of wish.hold.services.entries()) {
        const lease = leaseOn(service, wish, wish.hold.services.slice(i + 1))
        leases.push(lease)
        wish.onChange({ service, state: 'stopping' })
        const summary = `${wish.hold.mode} ${service}`
        const grant = await acquireLease.executeWithOptions({ summary }, [lease, wish.host])
        grants.push(grant)
        const { stoppedAt, deadlineAt } = grant
        wish.onChange({
          service,
          state: 'held',
          stoppedAt,
          ...(deadlineAt === undefined ? {} : { deadlineAt }),
        })
      }
    })
  } catch (error) {
    const reason = revokedBecause(inbox, leases)
    if (reason === undefined || (isCancellation(error) && CancellationScope.current().consideredCancelled))
      throw error
    throw new HoldfastError('lease.expired', `The hold ended before all services stood still: ${reason}.`, {
      hint: 'Allow a longer `hold.maxDowntime`, or see which other run holds one of the services.',
    })
  } finally {
    isOver.cancel()
  }
}

/** `later`: services of the hold that stop after this one, and start before it. */
function leaseOn(service: string, { hold, kind, restoreId }: HoldWish, later: readonly string[]): Lease {
  const { workflowId, runId } = workflowInfo()
  return {
    leaseId: uuid4(),
    kind,
    holder: { workflowId, runId },
    service,
    mode: hold.mode,
    maxDowntimeMs: hold.maxDowntimeMs,
    stopTimeoutMs: hold.stopTimeoutMs,
    healthyWithinMs: hold.healthyWithinMs,
    ...(restoreId === undefined ? {} : { restoreId }),
    startAfter: hold.startAfter === undefined ? later : (hold.startAfter[service] ?? []),
  }
}

const revokedBecause = (inbox: Inbox, leases: readonly Lease[]): string | undefined =>
  leases
    .filter(({ leaseId }) => inbox.revoked.has(leaseId))
    .map(({ service, leaseId }) => `${service} was started again (${inbox.revoked.get(leaseId)})`)[0]

async function releaseAll({ host, releaseAs, onChange }: HoldWish, leases: readonly Lease[]): Promise<void> {
  const outcome = releaseAs()
  if (outcome === undefined) return
  await Promise.all(
    leases.map(async ({ leaseId, service }) => {
      onChange({ service, state: 'starting' })
      await tell({ workflowId: workflowIds.guard(host, service) }, (guard) =>
        guard.signal(releaseSignal, { leaseId, outcome }),
      )
    }),
  )
}

/** Of every lease that was granted. Who has said nothing by then has not started its service, as far as we know. */
async function awaitReports(
  inbox: Inbox,
  { hold, kind, releaseAs, onChange }: HoldWish,
  { leases, grants }: Acquired,
): Promise<readonly HoldReport[]> {
  // Who revokes a write lease leaves the service down, and has nothing more to say.
  const isAbandoned = (leaseId: string) => kind === 'write' && inbox.revoked.has(leaseId)
  const isComplete = () => grants.every(({ leaseId }) => inbox.reports.has(leaseId) || isAbandoned(leaseId))
  if (releaseAs() !== undefined) await condition(isComplete, hold.healthyWithinMs + REPORT_MARGIN_MS)
  for (const { leaseId, service } of leases) {
    const report = inbox.reports.get(leaseId)
    if (report !== undefined) onChange({ service, state: 'back', ...downtimeOf(report) })
  }
  return grants.map(
    ({ leaseId, service, mode, stateBefore, stoppedAt }) =>
      inbox.reports.get(leaseId) ?? { service, mode, stateBefore, stoppedAt, health: 'not-restarted' },
  )
}

const downtimeOf = ({ stoppedAt, downtimeMs }: HoldReport) => ({
  stoppedAt,
  ...(downtimeMs === undefined ? {} : { downtimeMs }),
})
