/** A program that ran as long as this was well: its next end is a new trouble. */
export const STEADY_AFTER_MS = 60_000

const FIRST_DELAY_MS = 500
/** Long enough to do no harm, short enough that a mended cause is felt soon. */
const LONGEST_DELAY_MS = 30_000

/** How many ends in a row, this one included. */
export const endsInARow = (before: number, ranForMs: number): number =>
  ranForMs >= STEADY_AFTER_MS ? 1 : before + 1

/** Pause before the next start: doubles with every end in a row, and never grows beyond half a minute. */
export const restartDelayMs = (ends: number): number =>
  Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(Math.max(ends, 1) - 1, 16))
