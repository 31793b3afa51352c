/** Takes exact numbers of bytes from a stream of chunks. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** `bytes` bytes, or what is left when the stream ends before. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#heldBytes < bytes && (await this.#fill()));
    const all = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held)
    const taken = all.subarray(0, bytes)
    const rest = all.subarray(taken.length)
    this.#held = rest.length === 0 ? [] : [rest]
    this.#heldBytes = rest.length
    return taken
  }

  /** Drops bytes without collecting them; returns how many there were. */
  async skip(bytes: number): Promise<number> {
    let left = bytes
    while (left > 0 && (this.#heldBytes > 0 || (await this.#fill()))) {
      left -= (await this.take(Math.min(left, this.#heldBytes))).length
    }
    return bytes - left
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.(undefined)
  }

  async #fill(): Promise<boolean> {
    const next: IteratorResult<Buffer, unknown> = await this.#chunks.next()
    if (next.done) return false
    this.#held.push(next.value)
    this.#heldBytes += next.value.length
    return true
  }
}
