import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import { Digest } from '../../pipeline/digest.js'
import { chunksOf } from '../body.js'
import type { Written } from '../existing-object.js'
import { STATUS, hasStatus } from './failure.js'
import type { SftpSession } from './session.js'

/** What OpenSSH takes in one request; ssh2 cuts it up for servers that take less. */
export const CHUNK_BYTES = 255 * 1024
/** Requests that wait for their answers: 8 MiB, which fills a gigabit line at 60 ms. */
export const IN_FLIGHT = 32

/**
 * Writes `body` to a new file and brings it to the server's disk where the server offers that. Fails with `BodyFailure` for
 * what the body failed with, and when the server's count of bytes is another one.
 */
export async function writeBody(file: OpenFile, body: Readable, signal: AbortSignal): Promise<Written> {
  const digest = new Digest()
  await writeFrom(file, { chunks: digest.through(chunksOf(body, signal)), start: 0 }, signal)
  return { bytes: digest.bytes, sha256: digest.sha256() }
}

/** Writes `chunks` from byte `start` to where the file shall end, and brings all of it to the disk, as `writeBody` does. */
export async function writeFrom(
  { session, handle }: OpenFile,
  { chunks, start }: { chunks: AsyncIterable<Buffer>; start: number },
  signal: AbortSignal,
): Promise<void> {
  const unanswered: Promise<void>[] = []
  let position = start
  for await (const chunk of inChunks(chunks)) {
    if (unanswered.length === IN_FLIGHT) await unanswered.shift()
    const writing = session.write(handle, chunk, position, signal)
    // Awaited in its turn; until then a failure is nobody's unhandled rejection.
    writing.catch(() => undefined)
    unanswered.push(writing)
    position += chunk.length
  }
  for (const writing of unanswered) await writing
  await syncWhereOffered(session, handle, signal)
  const { size } = await session.statFile(handle, signal)
  if (size !== position) throw miscounted(position, size)
}

export interface OpenFile {
  readonly session: SftpSession
  readonly handle: Buffer
}

export async function syncWhereOffered(
  session: SftpSession,
  handle: Buffer,
  signal: AbortSignal,
): Promise<void> {
  try {
    await session.sync(handle, signal)
  } catch (error) {
    if (!hasStatus(error, STATUS.UNSUPPORTED)) throw error
  }
}

async function* inChunks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = []
  let bytes = 0
  for await (const piece of source) {
    for (let offset = 0; offset < piece.length;) {
      const part = piece.subarray(offset, offset + CHUNK_BYTES - bytes)
      parts.push(part)
      bytes += part.length
      offset += part.length
      if (bytes < CHUNK_BYTES) continue
      yield parts.length === 1 ? part : Buffer.concat(parts)
      parts = []
      bytes = 0
    }
  }
  if (bytes > 0) yield Buffer.concat(parts)
}

const miscounted = (sent: number, stored: number): HoldfastError =>
  new HoldfastError(
    'destination.unavailable',
    `The server took ${sent} bytes, but its file has ${stored}: it was not used.`,
    { hint: 'Look at the disk and the log of the server.' },
  )
