import type { Readable } from 'node:stream'

/** The body of an upload failed, not the place it went to: `cause` is what it failed with. */
export class BodyFailure extends Error {
  constructor(cause: unknown) {
    super('The body failed.', { cause })
  }
}

/** The chunks of a body to its very end: its errors, and a cancellation, can be told from those of the place. */
export async function* chunksOf(
  body: Readable,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const abort = () => body.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    for await (const chunk of body) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string)
    // A body that was destroyed without an error ends like one that is complete.
    if (!body.readableEnded) throw new Error('The stream was closed before its end.')
    signal.throwIfAborted()
  } catch (error) {
    throw new BodyFailure(error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Does `work` with the body of an upload: what that failed with is thrown as it was, and it is destroyed in the end. */
export async function withBody<T>(body: Readable, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof BodyFailure ? error.cause : error
  } finally {
    body.destroy()
  }
}
