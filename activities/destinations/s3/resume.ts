import { HoldfastError } from '../../../core/errors.js'
import type { Throttle } from '../driver.js'
import type { Bucket, FinishedPart, StoredPart } from './bucket.js'
import { isPartReplaced, isUploadGone } from './failure.js'
import type { Payload } from './payload.js'
import { findUnfinished } from './unfinished.js'

export interface ResumingBucket {
  /** For one upload. */
  readonly bucket: Bucket
  /** Whether another attempt will find what this one leaves. */
  readonly isFindable: () => boolean
}

/**
 * The bucket as one upload sees it that goes on with an earlier one: `beginUpload` gives the unfinished upload of the object,
 * and `putPart` sends nothing where that has a part of the same length and MD5 already. The store took the MD5 of
 * what arrived, and refused what was not as its SHA-256 said. Another attempt may send to the same upload meanwhile: the
 * store finishes it only from the very parts that are named to it.
 */
export function resumingBucket(bucket: Bucket, throttle?: Throttle): ResumingBucket {
  let stored: ReadonlyMap<number, StoredPart> = new Map()
  let isFindable = false
  const resuming: Bucket = {
    ...bucket,
    // What fits into one part is not cut into any.
    async put(name, payload, ifTaken, signal) {
      await throttle?.(payload.bytes.length, signal)
      await bucket.put(name, payload, ifTaken, signal)
    },
    async beginUpload(name, signal) {
      const found = await findUnfinished(bucket, name, signal).then(
        (unfinished) => ({ unfinished }),
        () => undefined,
      )
      signal.throwIfAborted()
      // Many keys have no right to list uploads, and some stores cannot: then each attempt is one of its own.
      isFindable = found !== undefined
      if (!found?.unfinished) return bucket.beginUpload(name, signal)
      stored = new Map(found.unfinished.parts.map((part) => [part.number, part]))
      return found.unfinished.upload
    },
    async putPart(upload, number, payload, signal) {
      const part = stored.get(number)
      if (part && isSame(part, payload)) return { number, etag: part.etag }
      await throttle?.(payload.bytes.length, signal)
      return unlessTaken(bucket.putPart(upload, number, payload, signal), upload.name)
    },
    finishUpload: (upload, parts, ifTaken, signal) =>
      bucket.finishUpload(upload, parts, ifTaken, signal).catch((error: unknown) => {
        throw isPartReplaced(error) ? takenByAnother(upload.name, error) : error
      }),
  }
  return { bucket: resuming, isFindable: () => isFindable }
}

function isSame(part: StoredPart, { bytes, md5 }: Payload): boolean {
  // Under some kinds of encryption an ETag is no MD5: nothing fits, and all is sent.
  const etag = part.etag.replaceAll('"', '')
  return part.bytes === bytes.length && etag === Buffer.from(md5, 'base64').toString('hex')
}

const unlessTaken = (sending: Promise<FinishedPart>, name: string): Promise<FinishedPart> =>
  sending.catch((error: unknown) => {
    throw isUploadGone(error) ? takenByAnother(name, error) : error
  })

const takenByAnother = (name: string, cause: unknown): HoldfastError =>
  new HoldfastError('destination.unavailable', `Another attempt has ended the upload of object "${name}".`, {
    hint: 'It is tried again by itself. If that repeats, look at who else writes or cleans up there.',
    cause,
  })
