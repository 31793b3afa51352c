import { createHash } from 'node:crypto'

/**
 * Bytes on their way to a store, with their digests. SHA-256 is part of the signature, so that a store refuses bytes that
 * were damaged on the way, whatever else it supports; MD5 is what buckets with object lock ask for besides.
 */
export interface Payload {
  readonly bytes: Buffer
  /** Hex. */
  readonly sha256: string
  /** Base64. */
  readonly md5: string
}

export interface Part extends Payload {
  /** From 1. */
  readonly number: number
  readonly isLast: boolean
  /** Its memory may be used again. */
  release(): void
}

/** An object shorter than a part is common, a manifest: it must not cost the memory of one. */
const FIRST_BUFFER_BYTES = 64 * 1024

/** Cuts a body into parts of `partBytes`, the last one shorter; at least one. Digests are taken piece by piece. */
export async function* partsOf(
  chunks: AsyncIterable<Buffer>,
  partBytes: number,
): AsyncGenerator<Part, void, undefined> {
  const memory = new PartMemory(partBytes)
  let filling = new Filling(memory)
  let number = 1
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      // Not before more is there: only then it is known that this part is not the last.
      if (filling.length === partBytes) {
        yield filling.finish({ number: number++, isLast: false })
        filling = new Filling(memory)
      }
      const end = Math.min(chunk.length, offset + partBytes - filling.length)
      filling.add(chunk.subarray(offset, end))
      offset = end
    }
  }
  yield filling.finish({ number, isLast: true })
}

class Filling {
  readonly #memory: PartMemory
  readonly #sha256 = createHash('sha256')
  readonly #md5 = createHash('md5')
  #buffer: Buffer
  length = 0

  constructor(memory: PartMemory) {
    this.#memory = memory
    this.#buffer = memory.take()
  }

  add(bytes: Buffer): void {
    this.#buffer = this.#memory.withRoom(this.#buffer, this.length, bytes.length)
    bytes.copy(this.#buffer, this.length)
    this.#sha256.update(bytes)
    this.#md5.update(bytes)
    this.length += bytes.length
  }

  finish(place: { number: number; isLast: boolean }): Part {
    const buffer = this.#buffer
    return {
      ...place,
      bytes: buffer.subarray(0, this.length),
      sha256: this.#sha256.digest('hex'),
      md5: this.#md5.digest('base64'),
      release: () => this.#memory.giveBack(buffer),
    }
  }
}

/** Uses the memory of parts that were sent for the next ones: the collector would notice their number too late. */
class PartMemory {
  readonly #partBytes: number
  readonly #unused: Buffer[] = []
  #isGrown = false

  constructor(partBytes: number) {
    this.#partBytes = partBytes
  }

  take(): Buffer {
    const size = this.#isGrown ? this.#partBytes : Math.min(FIRST_BUFFER_BYTES, this.#partBytes)
    return this.#unused.pop() ?? Buffer.allocUnsafeSlow(size)
  }

  withRoom(buffer: Buffer, used: number, wanted: number): Buffer {
    if (buffer.length - used >= wanted) return buffer
    const doubled = Math.max(buffer.length * 2, used + wanted)
    const grown = Buffer.allocUnsafeSlow(Math.min(doubled, this.#partBytes))
    this.#isGrown = grown.length === this.#partBytes
    buffer.copy(grown, 0, 0, used)
    return grown
  }

  giveBack(buffer: Buffer): void {
    if (buffer.length === this.#partBytes) this.#unused.push(buffer)
  }
}
