import { defineQuery, defineSignal, defineUpdate, getExternalWorkflowHandle, log } from '@temporalio/workflow'
import type { GuardState } from '../../core/guard-state.js'
import type { LockState } from '../../core/lock.js'
import {
  messages,
  type LeaseRevokedMessage,
  type LockGrantedMessage,
  type LockQueuedMessage,
  type LockRequestMessage,
  type ReleaseLockMessage,
  type ReleaseMessage,
  type RunProgress,
  type ServiceReportMessage,
} from '../../core/messages.js'
import type { Lease, LeaseGrant } from '../../core/work/holds.js'

export const acquireUpdate = defineUpdate<LeaseGrant, [Lease]>(messages.acquire)
export const releaseSignal = defineSignal<[ReleaseMessage]>(messages.release)
export const leaseRevokedSignal = defineSignal<[LeaseRevokedMessage]>(messages.leaseRevoked)
export const serviceReportSignal = defineSignal<[ServiceReportMessage]>(messages.serviceReport)
export const requestLockSignal = defineSignal<[LockRequestMessage]>(messages.requestLock)
export const releaseLockSignal = defineSignal<[ReleaseLockMessage]>(messages.releaseLock)
export const lockGrantedSignal = defineSignal<[LockGrantedMessage]>(messages.lockGranted)
export const lockQueuedSignal = defineSignal<[LockQueuedMessage]>(messages.lockQueued)
export const progressQuery = defineQuery<RunProgress>(messages.progress)
export const guardStateQuery = defineQuery<GuardState>(messages.state)
export const lockStateQuery = defineQuery<LockState>(messages.state)

/** Tells another workflow; false when it has closed, which is no error between workflows that outlive each other. */
export async function tell(
  to: { readonly workflowId: string; readonly runId?: string },
  signal: (handle: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
): Promise<boolean> {
  try {
    await signal(getExternalWorkflowHandle(to.workflowId, to.runId))
    return true
  } catch (error) {
    log.info('the other workflow has closed', { workflowId: to.workflowId, error: String(error) })
    return false
  }
}
