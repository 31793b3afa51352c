/** The last bytes of a stream of text, up to a limit; says so when there was more. */
export class Tail {
  readonly #limit: number
  #chunks: Buffer[] = []
  #bytes = 0
  #leftOut = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    // Twice the limit before anything is copied: the cost per byte stays constant.
    if (this.#bytes > 2 * this.#limit) this.#cut()
  }

  text(): string {
    this.#cut()
    const text = Buffer.concat(this.#chunks).toString('utf8')
    return this.#leftOut === 0 ? text : `[${this.#leftOut} bytes left out]\n${text}`
  }

  #cut(): void {
    if (this.#bytes <= this.#limit) return
    const all = Buffer.concat(this.#chunks)
    this.#leftOut += all.length - this.#limit
    this.#chunks = [Buffer.from(all.subarray(all.length - this.#limit))]
    this.#bytes = this.#limit
  }
}
