import { createHash } from 'node:crypto'

/** Counts and hashes bytes as they pass, in this thread: 64 KiB take some 50 µs (`docs/decisions/0003-zstd-frames.md`). */
export class Digest {
  readonly #hash = createHash('sha256')
  #bytes = 0

  async *through(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk)
      this.#bytes += chunk.length
      yield chunk
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  /** SHA-256 in hex. Can be asked for once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex')
  }
}
