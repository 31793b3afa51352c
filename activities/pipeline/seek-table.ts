/**
 * The table at the end of an object of several zstd frames, in a skippable frame: `zstd -d` skips it, readers find from it
 * where to start in the middle.
 * Source: https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md
 */
const SEEKABLE_MAGIC = 0x8f92eab1
const TABLE_MAGIC = 0x184d2a5e
const HEADER_BYTES = 8
const ENTRY_BYTES = 8
const FOOTER_BYTES = 9
/** Bit 7 announces checksums in the table, bits 2 to 6 are reserved; our frames carry their own. */
const NO_CHECKSUMS = 0
/** The format's own limit. */
const MAX_FRAMES = 0x8000000

/** Collects the sizes of frames in eight bytes each. */
export class SeekTable {
  #entries = new Uint32Array(256)
  #length = 0

  add(storedBytes: number, plainBytes: number): void {
    if (this.#length / 2 >= MAX_FRAMES) throw new Error('A seek table has room for 134 million frames.')
    if (this.#length + 2 > this.#entries.length) {
      const larger = new Uint32Array(this.#entries.length * 2)
      larger.set(this.#entries)
      this.#entries = larger
    }
    this.#entries[this.#length++] = storedBytes
    this.#entries[this.#length++] = plainBytes
  }

  /** The skippable frame. */
  encode(): Buffer {
    const frames = this.#length / 2
    const tableBytes = frames * ENTRY_BYTES + FOOTER_BYTES
    const table = Buffer.alloc(HEADER_BYTES + tableBytes)
    table.writeUInt32LE(TABLE_MAGIC, 0)
    table.writeUInt32LE(tableBytes, 4)
    this.#entries
      .subarray(0, this.#length)
      .forEach((value, index) => table.writeUInt32LE(value, HEADER_BYTES + index * 4))
    const footer = table.length - FOOTER_BYTES
    table.writeUInt32LE(frames, footer)
    table.writeUInt8(NO_CHECKSUMS, footer + 4)
    table.writeUInt32LE(SEEKABLE_MAGIC, footer + 5)
    return table
  }
}
