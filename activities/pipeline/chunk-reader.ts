const LINE_BREAK = 0x0a

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
    const all = this.#joined()
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

  /** Up to the next line break, which is dropped; undefined when there is none within `mostBytes` or before the end. */
  async takeLine(mostBytes: number): Promise<Buffer | undefined> {
    for (let searched = 0; ;) {
      const all = this.#joined()
      const at = all.indexOf(LINE_BREAK, searched)
      if (at >= 0 && at <= mostBytes) {
        const line = await this.take(at)
        await this.skip(1)
        return line
      }
      searched = all.length
      if (at >= 0 || searched > mostBytes || !(await this.#fill())) return undefined
    }
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return this.#heldBytes === 0 && !(await this.#fill())
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.(undefined)
  }

  #joined(): Buffer {
    const all = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held)
    this.#held = all.length === 0 ? [] : [all]
    return all
  }

  async #fill(): Promise<boolean> {
    const next: IteratorResult<Buffer, unknown> = await this.#chunks.next()
    if (next.done) return false
    this.#held.push(next.value)
    this.#heldBytes += next.value.length
    return true
  }
}
