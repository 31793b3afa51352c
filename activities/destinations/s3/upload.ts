import { createHash } from 'node:crypto'
import { HoldfastError } from '../../../core/errors.js'
import { formatBytes } from '../../../core/units.js'
import type { Bucket, FinishedPart, OpenUpload } from './bucket.js'
import type { S3Limits } from './client.js'
import { isWorthRepeating } from './failure.js'
import type { Part } from './payload.js'
import { repeated } from './repeat.js'

const MIB = 2 ** 20
export const USUAL_PART_BYTES = 16 * MIB
/** Of S3; stores like it have the same, or take more. */
const MAX_PARTS = 10_000
/** Of parts that are on their way or being filled. */
const MEMORY_BYTES = 64 * MIB

/** So many parts are sent at once that, with the one that is being filled, they stay within the memory of an upload. */
export const partsAtOnce = (partBytes: number): number =>
  Math.max(1, Math.floor(MEMORY_BYTES / partBytes) - 1)

/** What was sent: enough to recognise it at the store. */
export interface Sent {
  readonly bytes: number
  /** Hex, of each part. */
  readonly digests: readonly string[]
  readonly partBytes: number
  /** What the store calls an object that was put together from these parts; undefined where nothing was sent. */
  readonly etag?: string
}

export interface UploadTools {
  readonly bucket: Bucket
  readonly limits: Pick<S3Limits, 'pausesMs'>
  readonly partBytes: number
  readonly signal: AbortSignal
}

/** Sends all parts, a few at once. On any failure none is left on its way when this rejects. */
export async function sendParts(
  { bucket, limits, partBytes, signal }: UploadTools,
  upload: OpenUpload,
  parts: AsyncIterable<Part>,
): Promise<{ sent: Sent; finished: readonly FinishedPart[] }> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const underWay = new Set<Promise<void>>()
  const finished: FinishedPart[] = []
  const digests: string[] = []
  let bytes = 0
  const send = async (part: Part) => {
    const work = () => bucket.putPart(upload, part.number, part, either)
    finished.push(await repeated(work, { pausesMs: limits.pausesMs, isWorthRepeating, signal: either }))
    part.release()
  }
  try {
    for await (const part of parts) {
      requireNumber(part.number, upload.name, partBytes)
      bytes += part.bytes.length
      digests.push(part.sha256)
      const sending = send(part).finally(() => underWay.delete(sending))
      // Awaited below; until then a failure is nobody's unhandled rejection.
      sending.catch(() => undefined)
      underWay.add(sending)
      if (underWay.size >= partsAtOnce(partBytes)) await Promise.race(underWay)
    }
    await Promise.all(underWay)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(underWay)
    throw error
  }
  finished.sort((one, other) => one.number - other.number)
  return { sent: { bytes, digests, partBytes, etag: etagOfParts(finished) }, finished }
}

function requireNumber(number: number, name: string, partBytes: number): void {
  if (number <= MAX_PARTS) return
  throw new HoldfastError(
    'destination.full',
    `Object "${name}" is larger than ${formatBytes(MAX_PARTS * partBytes)}, which is what S3 takes in parts of ${formatBytes(partBytes)}.`,
    { hint: 'Give the destination a larger `partSize` in holdfast.yaml, and restart the agent.' },
  )
}

/** As S3 forms it where the ETags of parts are their MD5; elsewhere it fits nothing. */
function etagOfParts(parts: readonly FinishedPart[]): string {
  const hash = createHash('md5')
  for (const { etag } of parts) hash.update(Buffer.from(etag.replaceAll('"', ''), 'hex'))
  return `"${hash.digest('hex')}-${parts.length}"`
}
