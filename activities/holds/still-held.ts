import { HoldfastError } from '../../core/errors.js'
import type { LeaseGrant, ObservedService } from '../../core/work/holds.js'
import type { Tools } from '../tools.js'

/**
 * Whether every service of the grants stands as still as when it was granted: by the same stop, not started in between.
 * What cannot be observed cannot be vouched for, and is false.
 */
export async function areStillHeld(
  tools: Pick<Tools, 'services' | 'log'>,
  grants: readonly LeaseGrant[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const grant of grants) {
    const { driver, name } = tools.services.driver(grant.service)
    try {
      if (!isSameStop(grant, await driver.observe(name, signal))) {
        tools.log.warn('service did not stand still', { service: grant.service, leaseId: grant.leaseId })
        return false
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof HoldfastError)) throw error
      tools.log.warn('held service could not be observed', { service: grant.service, code: error.code })
      return false
    }
  }
  return true
}

/** A service that was started and stopped again by somebody else stands still too, but what was read may not be one state. */
export function isSameStop(
  { mode, stateBefore, stoppedAt }: Pick<LeaseGrant, 'mode' | 'stateBefore' | 'stoppedAt'>,
  { state, startedAt }: Pick<ObservedService, 'state' | 'startedAt'>,
): boolean {
  const isStill =
    state === 'stopped' || (state === 'paused' && (mode === 'pause' || stateBefore === 'paused'))
  if (!isStill) return false
  return startedAt === undefined || new Date(startedAt).getTime() <= new Date(stoppedAt).getTime()
}
