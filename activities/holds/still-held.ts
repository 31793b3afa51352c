import { HoldfastError } from '../../core/errors.js'
import type { LeaseGrant, ObservedService } from '../../core/work/holds.js'
import type { Tools } from '../tools.js'

/**
 * Whether every service of the grants stands as still as when it was granted: by the same stop, not started in between.
 * What cannot be observed cannot be vouched for, and is false.
 */
export const areStillHeld = async (
  tools: Pick<Tools, 'services' | 'log'>,
  grants: readonly LeaseGrant[],
  signal: AbortSignal,
): Promise<boolean> => (await firstAwake(tools, grants, isSameStop, signal)) === undefined

/** The first service of the grants that is not seen to be as `isStill` wants it. */
export async function firstAwake(
  tools: Pick<Tools, 'services' | 'log'>,
  grants: readonly LeaseGrant[],
  isStill: (grant: LeaseGrant, observed: ObservedService) => boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const grant of grants) {
    const { driver, name } = tools.services.driver(grant.service)
    try {
      if (!isStill(grant, await driver.observe(name, signal))) {
        tools.log.warn('service did not stand still', { service: grant.service, leaseId: grant.leaseId })
        return grant.service
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof HoldfastError)) throw error
      tools.log.warn('held service could not be observed', { service: grant.service, code: error.code })
      return grant.service
    }
  }
  return undefined
}

/** A service that was started and stopped again by somebody else stands still too, but what was read may not be one state. */
export function isSameStop(
  { mode, stateBefore, stoppedAt }: Pick<LeaseGrant, 'mode' | 'stateBefore' | 'stoppedAt'>,
  { state, startedAt }: Pick<ObservedService, 'state' | 'startedAt'>,
): boolean {
  if (!isAtRest({ mode, stateBefore }, { state })) return false
  return startedAt === undefined || new Date(startedAt).getTime() <= new Date(stoppedAt).getTime()
}

/** Whoever stopped it: what replaces data does not mind what was written to it before. */
export const isAtRest = (
  { mode, stateBefore }: Pick<LeaseGrant, 'mode' | 'stateBefore'>,
  { state }: Pick<ObservedService, 'state'>,
): boolean => state === 'stopped' || (state === 'paused' && (mode === 'pause' || stateBefore === 'paused'))
