/**
 * Compares the beginning of a body with what is stored of it already. `same`: so many bytes of both are equal, byte for
 * byte. `rest`: the body from there on. The first difference ends it: a hole, or bytes that the store has lost.
 */
export async function skipSame(
  body: AsyncGenerator<Buffer, void, undefined>,
  stored: AsyncIterable<Buffer>,
): Promise<{ same: number; rest: AsyncGenerator<Buffer, void, undefined> }> {
  let same = 0
  let ahead: Buffer = Buffer.alloc(0)
  for await (const piece of stored) {
    for (let offset = 0; offset < piece.length;) {
      if (ahead.length === 0) {
        const { done, value } = await body.next()
        if (done === true) return { same, rest: body }
        ahead = value
        continue
      }
      const length = Math.min(ahead.length, piece.length - offset)
      if (ahead.compare(piece, offset, offset + length, 0, length) !== 0)
        return { same, rest: following(ahead, body) }
      ahead = ahead.subarray(length)
      offset += length
      same += length
    }
  }
  return { same, rest: following(ahead, body) }
}

async function* following(
  first: Buffer,
  others: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  if (first.length > 0) yield first
  yield* others
}
