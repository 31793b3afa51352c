import { Readable } from 'node:stream'
import type { Bucket, Range, StoredObject } from './bucket.js'
import type { S3Limits } from './client.js'
import { isWorthRepeating } from './failure.js'
import { repeated } from './repeat.js'

export interface ReadTools {
  readonly bucket: Bucket
  readonly limits: Pick<S3Limits, 'pausesMs'>
  readonly signal: AbortSignal
  /** What a failure means for the destination. */
  readonly explain: (error: unknown) => unknown
}

/** A connection that brings less before it breaks counts as one that brings nothing: drop by drop there is no end. */
const PROGRESS_BYTES = 2 ** 20

/**
 * The bytes of an object, asked for only when somebody reads: an answer that nobody reads would keep its connection, and
 * the process, for ever. Where a connection breaks, it goes on from there, as long as it gets any further.
 */
export function readObject(tools: ReadTools, object: StoredObject, range: Range | undefined): Readable {
  const offset = range?.offset ?? 0
  const length = Math.max(0, Math.min(range?.length ?? object.bytes, object.bytes - offset))
  const bytes = length === 0 ? [] : bytesOf(tools, object, { offset, length })
  return Readable.from(bytes, { objectMode: false, signal: tools.signal })
}

async function* bytesOf(
  { bucket, limits, signal, explain }: ReadTools,
  object: StoredObject,
  { offset, length }: Range,
): AsyncGenerator<Buffer, void, undefined> {
  let done = 0
  const next = async () => {
    const range = { offset: offset + done, length: length - done }
    const body = await bucket.read(object, range, signal)
    return { body, from: done }
  }
  try {
    for (let fruitless = 0; done < length;) {
      const { body, from } = await repeated(next, { pausesMs: limits.pausesMs, isWorthRepeating, signal })
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          done += chunk.length
          yield chunk
        }
        if (done < length) throw Object.assign(new Error('The answer was cut short.'), { code: 'ECONNRESET' })
      } catch (error) {
        signal.throwIfAborted()
        fruitless = done - from >= PROGRESS_BYTES ? 0 : fruitless + 1
        if (!isWorthRepeating(error) || fruitless > limits.pausesMs.length) throw error
      } finally {
        body.destroy()
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    throw explain(error)
  }
}
