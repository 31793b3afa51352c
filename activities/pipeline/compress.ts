import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { Compression } from '../../schemas/plan.js'
import { inOrder, type Window } from './in-order.js'
import { SeekTable } from './seek-table.js'
import { createZstdEngine, type ZstdEngine } from './zstd-engine.js'
import { FRAME_PLAIN_BYTES } from './zstd-frame.js'

/**
 * Three frames at once leave one of libuv's four threads to the files that are read and written; the others wait, so that
 * a slow frame, or a slow disk, keeps no core idle. More of them cost memory and gained nothing that could be measured.
 */
const FRAMES: Window = { items: 4, atOnce: 3 }
const FIRST_BUFFER_BYTES = 64 * 1024
const GZIP_CHUNK_BYTES = 256 * 1024

export const stagesOf = (compression: Pick<Compression, 'algorithm'>): ('zstd' | 'gzip')[] =>
  compression.algorithm === 'none' ? [] : [compression.algorithm]

/** What is appended to the name of an object. */
export const suffixOf = { zstd: '.zst', gzip: '.gz', none: '' } as const satisfies Record<
  Compression['algorithm'],
  string
>

/** The bytes as they are stored. Chunks that come in may be used again once the next one is asked for. */
export async function* compressed(
  plain: AsyncIterable<Buffer>,
  compression: Required<Compression>,
): AsyncGenerator<Buffer, void, undefined> {
  switch (compression.algorithm) {
    case 'zstd':
      yield* inFrames(plain, await createZstdEngine(compression.level))
      return
    case 'gzip':
      yield* gzipped(plain, compression.level)
      return
    case 'none':
      for await (const chunk of plain) yield chunk
  }
}

/** zstd as independent frames, several at a time, with their seek table. An empty stream is one empty frame. */
async function* inFrames(
  plain: AsyncIterable<Buffer>,
  engine: ZstdEngine,
): AsyncGenerator<Buffer, void, undefined> {
  const table = new SeekTable()
  const frames = inOrder(cut(plain, FRAMES.items), FRAMES, async (piece) => ({
    plainBytes: piece.length,
    stored: await engine.compress(piece),
  }))
  for await (const { plainBytes, stored } of frames) {
    table.add(stored.length, plainBytes)
    yield stored
  }
  yield table.encode()
}

/**
 * Cuts a stream into pieces of one frame, in as few buffers as are in flight: piece n+width reuses the memory of piece n,
 * which `inOrder` has finished by then. So memory stays flat whatever the garbage collector does.
 */
async function* cut(plain: AsyncIterable<Buffer>, width: number): AsyncGenerator<Buffer, void, undefined> {
  const buffers: Buffer[] = Array.from({ length: width }, () => Buffer.alloc(0))
  let slot = 0
  let filled = 0
  let isEmpty = true
  for await (const chunk of plain) {
    for (let offset = 0; offset < chunk.length;) {
      const wanted = Math.min(FRAME_PLAIN_BYTES, filled + chunk.length - offset)
      const buffer = (buffers[slot] = grown(buffers[slot] as Buffer, wanted, filled))
      const copied = chunk.copy(buffer, filled, offset, offset + wanted - filled)
      filled += copied
      offset += copied
      if (filled < FRAME_PLAIN_BYTES) continue
      isEmpty = false
      yield buffer
      slot = (slot + 1) % width
      filled = 0
    }
  }
  if (filled > 0 || isEmpty) yield (buffers[slot] as Buffer).subarray(0, filled)
}

/** Small objects need small buffers: a backup may write several at a time. */
function grown(buffer: Buffer, wanted: number, filled: number): Buffer {
  if (buffer.length >= wanted) return buffer
  let size = Math.max(FIRST_BUFFER_BYTES, buffer.length)
  while (size < wanted) size *= 2
  const larger = Buffer.allocUnsafeSlow(size)
  buffer.copy(larger, 0, 0, filled)
  return larger
}

async function* gzipped(
  plain: AsyncIterable<Buffer>,
  level: number,
): AsyncGenerator<Buffer, void, undefined> {
  const gzip = createGzip({ level: Math.min(9, level), chunkSize: GZIP_CHUNK_BYTES })
  // The error reaches the reader through the stream that is read below.
  const fed = pipeline(Readable.from(plain), gzip).catch(() => undefined)
  try {
    yield* gzip as AsyncIterable<Buffer>
  } finally {
    gzip.destroy()
    await fed
  }
}
