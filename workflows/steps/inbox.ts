import { setHandler } from '@temporalio/workflow'
import type { HoldReport } from '../../core/backup.js'
import { leaseRevokedSignal, lockGrantedSignal, lockQueuedSignal, serviceReportSignal } from './signals.js'

/** What guards and locks have told this run. Set up first, so that no answer comes too early. */
export interface Inbox {
  /** By lease: why its hold is over. */
  readonly revoked: ReadonlyMap<string, string>
  /** By lease: what became of its service. */
  readonly reports: ReadonlyMap<string, HoldReport>
  /** Requests that were granted. */
  readonly granted: ReadonlySet<string>
  /** By request: workflow ids of who is before us. */
  readonly queued: ReadonlyMap<string, readonly string[]>
}

export function openInbox(): Inbox {
  const revoked = new Map<string, string>()
  const reports = new Map<string, HoldReport>()
  const granted = new Set<string>()
  const queued = new Map<string, readonly string[]>()
  setHandler(leaseRevokedSignal, ({ leaseId, reason }) => void revoked.set(leaseId, reason))
  setHandler(serviceReportSignal, ({ leaseId, report }) => void reports.set(leaseId, report))
  setHandler(lockGrantedSignal, ({ requestId }) => void granted.add(requestId))
  setHandler(lockQueuedSignal, ({ requestId, behind }) => void queued.set(requestId, behind))
  return { revoked, reports, granted, queued }
}
