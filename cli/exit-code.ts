import type { ErrorKind } from '../core/errors.js'

/** What scripts read. One table, also in `docs/commands.md`. */
export const exitCodes = {
  ok: 0,
  /** A check found something. */
  found: 1,
  input: 2,
  missing: 3,
  denied: 4,
  conflict: 5,
  unavailable: 6,
  capacity: 7,
  corrupt: 8,
  /** A backup exists but is not good, a copy of it is missing, or a service is not well. */
  notGood: 9,
  /** A fault of Holdfast itself (EX_SOFTWARE of sysexits.h). */
  bug: 70,
  /** Interrupted or declined by a person (128 + SIGINT, as shells say it). */
  cancelled: 130,
} as const satisfies Record<ErrorKind | 'ok' | 'found' | 'notGood' | 'bug' | 'cancelled', number>
