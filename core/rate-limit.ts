/** What may pass at a rate: a bucket that fills up evenly, and that may be emptied beyond its ground. */
export interface Bucket {
  /** Bytes that may pass at once; below zero, somebody has to wait. */
  readonly bytes: number
  /** Milliseconds since 1970, when that was so. */
  readonly at: number
}

/** As much as gathers while nothing passes: a rate is kept within a quarter of a second. */
const GATHERS_FOR_MS = 250

/** Of a rate in bytes a second. */
const most = (rate: number): number => (rate * GATHERS_FOR_MS) / 1000

export const fullBucket = (rate: number, now: number): Bucket => ({ bytes: most(rate), at: now })

/**
 * Lets bytes pass, and says how long whoever takes them waits. What is taken in advance makes the next one wait for longer:
 * all that share a bucket together keep its rate. A clock that is set back adds nothing, one that is set forward no more
 * than a full bucket.
 */
export function takeBytes(
  bucket: Bucket,
  { bytes, rate, now }: { readonly bytes: number; readonly rate: number; readonly now: number },
): { readonly bucket: Bucket; readonly waitMs: number } {
  const elapsedMs = Math.max(0, now - bucket.at)
  const left = Math.min(most(rate), bucket.bytes + (elapsedMs * rate) / 1000) - bytes
  return { bucket: { bytes: left, at: now }, waitMs: Math.max(0, (-left / rate) * 1000) }
}
