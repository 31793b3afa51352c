import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

const COMPARE_CHUNK_BYTES = 1024 * 1024

/** The body of an upload failed, not the place it went to: `cause` is what it failed with. */
export class BodyFailure extends Error {
  constructor(cause: unknown) {
    super('The body failed.', { cause })
  }
}

/** A new file with the bytes of `body`, durable when this resolves. What is left after a failure is the caller's to remove. */
export async function writeNew(path: string, body: Readable, signal: AbortSignal): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    let bytes = 0
    for await (const chunk of told(body, signal)) {
      await writeWhole(file, chunk)
      bytes += chunk.length
    }
    await file.sync()
    return bytes
  } finally {
    await file.close()
  }
}

/** Errors of the body, and a cancellation, can be told from errors of the file. */
async function* told(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const abort = () => body.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    yield* body as AsyncIterable<Buffer>
    // A body that was destroyed without an error ends like one that is complete.
    if (!body.readableEnded) throw new Error('The stream was closed before its end.')
    signal.throwIfAborted()
  } catch (error) {
    throw new BodyFailure(error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A nearly full disk takes a part and says so by the count only. */
async function writeWhole(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await file.write(chunk, offset, chunk.length - offset)).bytesWritten
  }
}

/** Without it, a name in a folder can be gone after a power cut although the file itself was synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    // Some network filesystems cannot sync folders, and need not: the server does.
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await folder.close()
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
