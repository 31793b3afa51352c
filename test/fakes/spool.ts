import { createSpool } from '../../activities/spool/files.js'
import type { Spool } from '../../activities/spool/spool.js'

let randoms = 0

/** A real one, on a disk that seems to have so much room; its keys are good for tests only. */
export const testSpool = (
  stateDir: string,
  { freeBytes = 2 ** 40, limitBytes }: { freeBytes?: number; limitBytes?: number } = {},
): Spool =>
  createSpool({
    stateDir,
    random: (digits) => (++randoms).toString(16).padStart(digits, '0'),
    freeBytes: async () => freeBytes,
    reserveBytes: 0,
    ...(limitBytes === undefined ? {} : { limitBytes }),
  })
