import { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { Destination } from '../destinations/driver.js'
import { readSmallObject } from './small-object.js'

/**
 * Writes, reads and removes a tiny object: proves that a destination can be used, and tells what time it is there.
 * Fails with codes `destination.*`.
 */
export async function probe(
  destination: Destination,
  random: (digits: number) => string,
  signal: AbortSignal,
): Promise<{ storeTime: Date }> {
  const content = random(16)
  const name = `probes/${random(16)}`
  try {
    await destination.put(name, Readable.from([content]), { signal })
    const info = await destination.stat(name, signal)
    const back = await readSmallObject(destination, name, signal)
    if (!info || back.toString('utf8') !== content)
      throw new HoldfastError(
        'destination.unavailable',
        `Destination "${destination.name}" does not give back what was written to it.`,
        { hint: 'Look at the disk or the mount before you trust it with backups.' },
      )
    return { storeTime: info.modifiedAt }
  } finally {
    // Also when we were cancelled in between: it must not stay.
    await destination.delete(name, AbortSignal.timeout(CLEANUP_MS)).catch(() => undefined)
  }
}

/** A store that does not even delete within this time is not waited for. */
const CLEANUP_MS = 10_000
