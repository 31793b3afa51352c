import { createHash } from 'node:crypto'

/**
 * Counts and hashes bytes as they pass. Hashing happens in this thread on purpose: 64 KiB take some 50 µs, and handing
 * them to another thread was not faster (`docs/decisions/hashing-in-line.md`).
 */
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
