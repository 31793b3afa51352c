/** Tells how many bytes have passed, at every chunk. */
export async function* metered(
  chunks: AsyncIterable<Buffer>,
  onBytes: (total: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let total = 0
  for await (const chunk of chunks) {
    total += chunk.length
    onBytes(total)
    yield chunk
  }
}
