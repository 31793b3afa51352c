import {
  BLOCK,
  readBlock,
  readEntry,
  readPaxRecords,
  strange,
  type PaxRecords,
  type TarEntry,
} from './tar-header.js'

/** Headers of one member with all of its xattrs. Linux lists at most 64 KiB of names of xattrs; values are 64 KiB each. */
const MAX_HEADERS_BYTES = 16 * 1024 * 1024
const NO_RECORDS: PaxRecords = new Map()
const EMPTY = Buffer.alloc(0)

/** A part of an archive as it passes: the headers of a member (with `entry`), or some of its content. */
export interface TarPiece {
  readonly bytes: Buffer
  readonly entry?: TarEntry
}

/**
 * Finds the members of a tar stream while it passes, without looking at their content. The pieces are the bytes that came
 * in, in order, up to the end of the archive. Fails with `archive.hostile` on what GNU tar does not write in POSIX format.
 */
export class TarScanner {
  #held: Buffer = EMPTY
  #contentLeft = 0
  #offset = 0
  #zeroBlocks = 0

  /** Offset of the end of the last member: zeros follow. */
  get offset(): number {
    return this.#offset
  }

  /** Whether the two blocks of zeros have passed that end an archive. */
  get isComplete(): boolean {
    return this.#zeroBlocks >= 2
  }

  *scan(chunk: Buffer): Generator<TarPiece, void, undefined> {
    let data = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = EMPTY
    while (data.length > 0) {
      if (this.#contentLeft > 0) {
        const bytes = data.subarray(0, this.#contentLeft)
        this.#contentLeft -= bytes.length
        this.#offset += bytes.length
        data = data.subarray(bytes.length)
        yield { bytes }
        continue
      }
      const headers = data.length < BLOCK ? undefined : this.#headers(data)
      if (!headers) {
        if (data.length > MAX_HEADERS_BYTES) throw strange('headers larger than 16 MiB')
        // A copy: the chunk may be used again by who owns it.
        this.#held = Buffer.from(data)
        return
      }
      const bytes = data.subarray(0, headers.length)
      data = data.subarray(headers.length)
      if (!headers.entry) continue
      this.#offset += headers.length
      this.#contentLeft = Math.ceil(headers.entry.storedSize / BLOCK) * BLOCK
      yield { bytes, entry: headers.entry }
    }
  }

  /** All headers of the next member; without an entry for a block of zeros; undefined when more bytes are needed. */
  #headers(data: Buffer): { length: number; entry?: TarEntry } | undefined {
    if (isZero(data.subarray(0, BLOCK))) {
      this.#zeroBlocks++
      return { length: BLOCK }
    }
    if (this.#zeroBlocks > 0) throw strange('members after its end')
    let records = NO_RECORDS
    for (let at = 0; at + BLOCK <= data.length;) {
      const block = data.subarray(at, at + BLOCK)
      const fields = readBlock(block)
      if (fields.letter !== 'x') {
        return { length: at + BLOCK, entry: readEntry(block, fields, records, this.#offset) }
      }
      const { size } = fields
      if (records !== NO_RECORDS) throw strange('two extended headers in a row')
      if (size > MAX_HEADERS_BYTES) throw strange('headers larger than 16 MiB')
      const content = at + BLOCK
      at = content + Math.ceil(size / BLOCK) * BLOCK
      if (at > data.length) return undefined
      records = readPaxRecords(data.subarray(content, content + size))
    }
    return undefined
  }
}

const ZEROS = Buffer.alloc(BLOCK)
const isZero = (block: Buffer): boolean => block.equals(ZEROS)
