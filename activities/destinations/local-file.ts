import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { chunksOf } from './body.js'

/** Written out while more is coming: one long sync at the end would be time in which nothing else happens. */
const FLUSH_EVERY_BYTES = 32 * 1024 * 1024
const COMPARE_CHUNK_BYTES = 1024 * 1024

/** A new file with the bytes of `body`, durable when this resolves. What is left after a failure is the caller's to remove. */
export async function writeNew(path: string, body: Readable, signal: AbortSignal): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    const flusher = new Flusher(file)
    let bytes = 0
    // One chunk is written while the next one is made.
    let writing = Promise.resolve()
    for await (const chunk of chunksOf(body, signal)) {
      await writing
      flusher.written(bytes)
      writing = writeWhole(file, chunk)
      // Awaited in the next turn; until then a failure is nobody's unhandled rejection.
      writing.catch(() => undefined)
      bytes += chunk.length
    }
    await writing
    await flusher.end()
    await file.sync()
    return bytes
  } finally {
    // Waits for a flush that is under way.
    await file.close()
  }
}

/** Brings written bytes to the disk beside the writing, one flush at a time. */
class Flusher {
  readonly #file: FileHandle
  #flush: Promise<void> | undefined
  #failure: Error | undefined
  #flushedUpTo = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  written(bytes: number): void {
    if (this.#flush !== undefined || bytes - this.#flushedUpTo < FLUSH_EVERY_BYTES) return
    this.#flushedUpTo = bytes
    this.#flush = this.#file
      .datasync()
      .catch((error: unknown) => {
        this.#failure = error as Error
      })
      .finally(() => (this.#flush = undefined))
  }

  /** The kernel tells of a failed write-out once only: it counts, also when a later sync succeeds. */
  async end(): Promise<void> {
    await this.#flush
    if (this.#failure) throw this.#failure
  }
}

/** A nearly full disk takes a part and says so by the count only. */
async function writeWhole(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await file.write(chunk, offset, chunk.length - offset)).bytesWritten
  }
}

export async function haveSameBytes(leftPath: string, rightPath: string): Promise<boolean> {
  const left = await open(leftPath, 'r')
  try {
    const right = await open(rightPath, 'r')
    try {
      return await compare(left, right)
    } finally {
      await right.close()
    }
  } finally {
    await left.close()
  }
}

async function compare(left: FileHandle, right: FileHandle): Promise<boolean> {
  const [leftFound, rightFound] = await Promise.all([left.stat(), right.stat()])
  if (leftFound.size !== rightFound.size) return false
  const leftBytes = Buffer.allocUnsafe(COMPARE_CHUNK_BYTES)
  const rightBytes = Buffer.allocUnsafe(COMPARE_CHUNK_BYTES)
  for (let offset = 0; offset < leftFound.size;) {
    const [leftCount, rightCount] = await Promise.all([
      readFull(left, leftBytes, offset),
      readFull(right, rightBytes, offset),
    ])
    if (leftCount !== rightCount || leftCount === 0) return false
    if (leftBytes.compare(rightBytes, 0, leftCount, 0, leftCount) !== 0) return false
    offset += leftCount
  }
  return true
}

async function readFull(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
