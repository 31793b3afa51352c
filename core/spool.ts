import type { Destination } from '../schemas/destinations.js'
import type { ErrorCode } from './errors.js'
import { formatBytes } from './units.js'

/** Where what is read under a hold goes: straight to the destination, or to the spool of the host until the services are back. */
export type Route = 'direct' | 'spool'

/** Journal, alarms and the embedded Temporal are on the disk of the spool: bringing services back must not fail for a full one. */
export const SPOOL_RESERVE_BYTES = 2 * 2 ** 30
/** Data grows; a spool that turns out too small costs a second stop. */
const GROWTH = 1.25

/** Whether what is read under a hold goes through the spool when it is stored there. */
export const isSpooled = ({ type, spool }: Destination): boolean => spool ?? type !== 'local'

export interface SpoolSpace {
  readonly freeBytes: number
  /** By all spools of this host. */
  readonly usedBytes: number
  /** `limits.spool`; left out: what the disk has. */
  readonly limitBytes?: number
  readonly reserveBytes: number
}

/** What may still be written to the spool. */
export const spoolRoom = ({ freeBytes, usedBytes, limitBytes, reserveBytes }: SpoolSpace): number =>
  Math.max(0, Math.min(freeBytes - reserveBytes, (limitBytes ?? Infinity) - usedBytes))

export interface RouteDecision {
  readonly route: Route
  /** What is not as it was asked for. */
  readonly warning?: string
}

/** How a run stores what it reads under holds, decided before anything stops. */
export function decideRoute(question: {
  readonly destination: string
  readonly wantsSpool: boolean
  readonly roomBytes: number
  /** Of the largest set that is read under one hold, by the last backup; left out where there was none. */
  readonly expectedBytes?: number
}): RouteDecision {
  const { destination, wantsSpool, roomBytes, expectedBytes } = question
  if (!wantsSpool) return { route: 'direct' }
  const needed = expectedBytes === undefined ? 1 : Math.ceil(expectedBytes * GROWTH)
  if (needed <= roomBytes) return { route: 'spool' }
  const expected =
    expectedBytes === undefined ? '' : `, and the last backup took ${formatBytes(expectedBytes)}`
  return {
    route: 'direct',
    warning: `The spool has room for ${formatBytes(roomBytes)}${expected}: the services stay down until "${destination}" has everything. Raise limits.spool, or make room on the disk of stateDir.`,
  }
}

/** What becomes of a set whose attempt under a hold was lost. */
export interface Repeat {
  readonly route: Route
  /** Whether it is one of the plan's `retry.attempts`. */
  readonly counts: boolean
}

/**
 * Whether a set is read again, and how. A spool that was too small or failed costs the plan no attempt, and the next one does
 * without: so there is at most one of those.
 */
export function decideRepeat(lost: {
  readonly codes: readonly ErrorCode[]
  readonly isRetryable: boolean
  readonly route: Route
  readonly attemptsLeft: number
}): Repeat | undefined {
  const { codes, isRetryable, route, attemptsLeft } = lost
  if (route === 'spool' && codes.some((code) => code === 'spool.full' || code === 'spool.failed')) {
    return { route: 'direct', counts: false }
  }
  return isRetryable && attemptsLeft > 0 ? { route, counts: true } : undefined
}
