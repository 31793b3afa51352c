import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import { abortAbandoned } from './abandoned.js'
import type { FinishedPart, OpenUpload, StoredObject } from './bucket.js'
import { isNotImplemented, isTaken, isUploadGone, isWorthRepeating } from './failure.js'
import { partsOf, type Part } from './payload.js'
import { repeated } from './repeat.js'
import { digested, requireSame } from './same.js'
import { sendParts, type Sent, type UploadTools } from './upload.js'

export interface StoreTools extends UploadTools {
  readonly destination: string
  /** Whether the parts of an upload that failed so are left for another attempt. */
  readonly isKept: (error: unknown) => boolean
  /** Reads an object from its beginning to its end. */
  readonly open: (object: StoredObject) => Promise<Readable>
}

/** A store that does not even abort within this time is not waited for: what stays is aborted a week later. */
const ABORT_MS = 15_000

/**
 * Stores the body under a name that nobody else has: see `Destination.put`. The name is looked up before, for stores that
 * ignore `If-None-Match`, and since a body that is there already need not be sent; where stores know the condition it also
 * decides between two writers at the same time.
 */
export async function store(
  tools: StoreTools,
  name: string,
  chunks: AsyncIterable<Buffer>,
): Promise<{ bytes: number }> {
  const { bucket, signal, partBytes } = tools
  const parts = partsOf(chunks, partBytes)
  const before = await bucket.stat(name, signal)
  if (before) {
    const sent = await digested(parts, partBytes)
    await requireSameObject(tools, before, sent)
    return { bytes: sent.bytes }
  }
  const { value: first, done } = await parts.next()
  if (done === true) throw new Error('Impossible: every body has a part')
  return first.isLast ? storeAtOnce(tools, name, first) : storeInParts(tools, name, following(first, parts))
}

async function* following(first: Part, others: AsyncIterable<Part>): AsyncGenerator<Part, void, undefined> {
  yield first
  yield* others
}

async function storeAtOnce(tools: StoreTools, name: string, part: Part): Promise<{ bytes: number }> {
  const { bucket, limits, signal, partBytes } = tools
  const sent: Sent = { bytes: part.bytes.length, digests: [part.sha256], partBytes }
  await createOnly(tools, name, sent, (ifTaken) =>
    repeated(() => bucket.put(name, part, ifTaken, signal), {
      pausesMs: limits.pausesMs,
      isWorthRepeating,
      signal,
    }),
  )
  return { bytes: sent.bytes }
}

async function storeInParts(
  tools: StoreTools,
  name: string,
  parts: AsyncIterable<Part>,
): Promise<{ bytes: number }> {
  const { bucket, signal } = tools
  const upload = await bucket.beginUpload(name, signal)
  try {
    await abortAbandoned(bucket, upload, signal)
    const { sent, finished } = await sendParts(tools, upload, parts)
    await createOnly(tools, name, sent, (ifTaken) => finish(tools, upload, finished, ifTaken))
    await requireWhole(tools, name, sent)
    return { bytes: sent.bytes }
  } catch (error) {
    if (tools.isKept(error)) throw error
    // With a signal of its own: also when we are cancelled nothing must stay. What was finished is not harmed by it.
    await bucket.abortUpload(upload, AbortSignal.timeout(ABORT_MS)).catch(() => undefined)
    throw error
  }
}

async function finish(
  { bucket, limits, signal }: StoreTools,
  upload: OpenUpload,
  parts: readonly FinishedPart[],
  ifTaken: 'refuse' | 'replace',
): Promise<void> {
  await repeated(() => bucket.finishUpload(upload, parts, ifTaken, signal), {
    pausesMs: limits.pausesMs,
    isWorthRepeating,
    signal,
  })
}

/**
 * Lets `write` take the name only if nobody has it. An answer that was lost looks like another writer: when the bytes are
 * ours, all is well.
 */
async function createOnly(
  tools: StoreTools,
  name: string,
  sent: Sent,
  write: (ifTaken: 'refuse' | 'replace') => Promise<void>,
): Promise<void> {
  try {
    await write('refuse')
  } catch (error) {
    if (!isTaken(error) && !isUploadGone(error) && !isNotImplemented(error)) throw error
    const found = await tools.bucket.stat(name, tools.signal)
    if (found) return requireSameObject(tools, found, sent)
    if (!isNotImplemented(error)) throw error
    // Nobody had the name a moment ago. Names of backups are random enough that two writers of one need a bug.
    await write('replace')
  }
}

/** A store may take all parts and still put together something else. */
async function requireWhole(tools: StoreTools, name: string, sent: Sent): Promise<void> {
  const found = await tools.bucket.stat(name, tools.signal)
  if (found?.bytes === sent.bytes) return
  throw new HoldfastError(
    'destination.unavailable',
    `Destination "${tools.destination}" has ${found ? `${found.bytes} bytes` : 'nothing'} under "${name}", where ${sent.bytes} bytes were stored.`,
    { hint: 'Look at the store before you trust it with backups: `holdfast destination check`.' },
  )
}

const requireSameObject = (tools: StoreTools, found: StoredObject, sent: Sent): Promise<void> =>
  requireSame(found, sent, { destination: tools.destination, open: () => tools.open(found) })
