import { Transform, pipeline, type Readable } from 'node:stream'
import { fullBucket, takeBytes } from '../../core/rate-limit.js'
import type { Destination, Throttle, Throttles } from './driver.js'

export interface ThrottleWorld {
  readonly clock: () => Date
  /** Resolves after so many milliseconds; rejects when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** @param rate bytes a second */
export function createThrottle(rate: number, { clock, sleep }: ThrottleWorld): Throttle {
  let bucket = fullBucket(rate, clock().getTime())
  return async (bytes, signal) => {
    const taken = takeBytes(bucket, { bytes, rate, now: clock().getTime() })
    bucket = taken.bucket
    // A timer has no fractions; what is too short for it is made up for by the next bytes.
    if (taken.waitMs >= 1) await sleep(taken.waitMs, signal)
  }
}

/** The same destination; its bytes pass at their rates. */
export const throttled = (destination: Destination, throttles: Throttles): Destination => {
  const { upload, download } = throttles
  const resumable =
    (put: NonNullable<Destination['putResumable']>): typeof put =>
    (objectName, body, options) =>
      put(objectName, body, { ...options, throttles })
  return {
    name: destination.name,
    put: (objectName, body, options) =>
      destination.put(objectName, upload ? slowed(body, upload, options.signal) : body, options),
    // It alone knows which bytes of the body pass the line.
    ...(destination.putResumable && { putResumable: resumable(destination.putResumable.bind(destination)) }),
    get: async (objectName, options) => {
      const body = await destination.get(objectName, options)
      return download ? slowed(body, download, options.signal) : body
    },
    list: (prefix, signal) => destination.list(prefix, signal),
    stat: (objectName, signal) => destination.stat(objectName, signal),
    delete: (objectName, signal) => destination.delete(objectName, signal),
    freeBytes: (signal) => destination.freeBytes(signal),
    ...(destination.deletedVersions && {
      deletedVersions: destination.deletedVersions.bind(destination),
    }),
  }
}

/** The chunks, each when it may pass. */
export async function* paced(
  chunks: AsyncIterable<Buffer>,
  throttle: Throttle | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    await throttle?.(chunk.length, signal)
    yield chunk
  }
}

/** Small, so that a slow line is never silent for long: whoever waits at its other end might give up. */
const PIECE_BYTES = 16 * 1024

/** An error or an end on either side is one on the other. */
function slowed(body: Readable, throttle: Throttle, signal: AbortSignal): Readable {
  const slow = new Transform({
    transform(chunk: Buffer, _, done) {
      pass(this, chunk, (bytes) => throttle(bytes, signal)).then(() => done(), done)
    },
  })
  // Whoever reads the slow stream is told of errors by it.
  return pipeline(body, slow, () => undefined)
}

async function pass(to: Transform, chunk: Buffer, wait: (bytes: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
    const piece = chunk.subarray(start, start + PIECE_BYTES)
    await wait(piece.length)
    to.push(piece)
  }
}
