import { Digest } from './digest.js'

/** Errors at the end, with what `failure` makes, when one byte is not as it was recorded: then nothing appears where they go. */
export async function* proven(
  chunks: AsyncIterable<Buffer>,
  recorded: { readonly storedBytes: number; readonly storedSha256: string },
  failure: () => Error,
): AsyncGenerator<Buffer, void, undefined> {
  const digest = new Digest()
  yield* digest.through(chunks)
  if (digest.bytes !== recorded.storedBytes || digest.sha256() !== recorded.storedSha256) throw failure()
}
