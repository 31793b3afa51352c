import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import { objectStream } from '../object-stream.js'
import { unlessAbsent } from './failure.js'
import type { SessionLease } from './pool.js'
import { CHUNK_BYTES, IN_FLIGHT, type OpenFile } from './write.js'

/** A reader of a few bytes shall not have asked for megabytes. */
const FIRST_IN_FLIGHT = 2
const CLOSE_MS = 5000

/**
 * The bytes of a file, or a part of them; undefined where there is no such file. Many requests are on their way while one
 * answer is read, and none is sent before there is room for its answer. A file that ends before its size errors the
 * stream. The lease is released when the stream is closed; where there is none, it stays the caller's.
 */
export async function openObject(
  { session, release }: SessionLease,
  { path, range }: { path: string; range?: { offset: number; length: number } },
  signal: AbortSignal,
): Promise<Readable | undefined> {
  const handle = await unlessAbsent(session.open(path, 'r', signal))
  if (handle === undefined) return undefined
  const close = () => session.closeFile(handle, AbortSignal.timeout(CLOSE_MS)).catch(() => undefined)
  const found = await session.statFile(handle, signal).catch(async (error: unknown) => {
    await close()
    throw error
  })
  if (!found.isFile()) {
    await close()
    return undefined
  }
  const start = Math.min(range?.offset ?? 0, found.size)
  const end = Math.min(range ? range.offset + range.length : found.size, found.size)
  const onClose = () => void close().finally(release)
  return objectStream(readPieces({ session, handle }, { start, end }, signal), { signal, onClose })
}

/** The bytes from `start` to before `end`; many requests are on their way. Errors where the file ends earlier. */
export async function* readPieces(
  file: OpenFile,
  { start, end }: { start: number; end: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const asked: Promise<Buffer>[] = []
  let limit = FIRST_IN_FLIGHT
  for (let next = start; ; limit = Math.min(limit + 1, IN_FLIGHT)) {
    while (asked.length < limit && next < end) {
      const length = Math.min(CHUNK_BYTES, end - next)
      const answer = readFull(file, { offset: next, length }, signal)
      // Awaited in its turn; until then a failure is nobody's unhandled rejection.
      answer.catch(() => undefined)
      asked.push(answer)
      next += length
    }
    const piece = asked.shift()
    if (piece === undefined) return
    yield await piece
  }
}

/** A server may give less than it was asked for: the rest is asked for again. */
async function readFull(
  { session, handle }: OpenFile,
  { offset, length }: { offset: number; length: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let filled = 0; filled < length;) {
    const part = await session.read(handle, { offset: offset + filled, length: length - filled }, signal)
    if (part.length === 0) throw endedEarly(offset + filled)
    parts.push(part)
    filled += part.length
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}

const endedEarly = (at: number): HoldfastError =>
  new HoldfastError('destination.unavailable', `A file of the server ended at byte ${at}, before its size.`, {
    hint: 'Is somebody else changing files there?',
  })
