import type { Readable } from 'node:stream'

/** The body of an upload failed, not the place it went to: `cause` is what it failed with. */
export class BodyFailure extends Error {
  constructor(cause: unknown) {
    super('The body failed.', { cause })
  }
}

/** Errors of the body, and a cancellation, can be told from errors of the file. */
export async function* told(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const abort = () => body.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    for await (const chunk of body as AsyncIterable<Buffer | string>)
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    // A body that was destroyed without an error ends like one that is complete.
    if (!body.readableEnded) throw new Error('The stream was closed before its end.')
    signal.throwIfAborted()
  } catch (error) {
    throw new BodyFailure(error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
