import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { HoldfastError } from '../../core/errors.js'
import { ChunkReader } from './chunk-reader.js'
import { inOrder, type Window } from './in-order.js'
import { createZstdEngine } from './zstd-engine.js'
import {
  BLOCK_HEADER_BYTES,
  CHECKSUM_BYTES,
  MAX_FRAME_PLAIN_BYTES,
  MAX_FRAME_STORED_BYTES,
  SKIPPABLE_MAGIC,
  ZSTD_MAGIC,
  headerBytesOf,
  readBlockHeader,
  readFrameHeader,
} from './zstd-frame.js'

/** As when they were compressed; here the frames themselves are in memory, so fewer wait. */
const FRAMES: Window = { items: 3, atOnce: 2 }
const GZIP_CHUNK_BYTES = 256 * 1024
/** Decompression does not depend on the level. */
const ANY_LEVEL = 3
/**
 * Blocks of one frame. zstd makes them 128 KiB, or splits them; one of 4 KiB on average is smaller than any encoder cuts.
 * What a forged frame can make the library write before it is caught is bounded by this.
 */
const MAX_FRAME_BLOCKS = 1024

interface Frame {
  readonly stored: Buffer
  readonly plainBytes: number
}

/**
 * The plain bytes again, never more than `maxPlainBytes` of them: a few stored bytes can claim to be terabytes.
 * Fails with `object.corrupt` on what the library cannot read, and on what we would never have written.
 */
export async function* decompressed(
  stored: AsyncIterable<Buffer>,
  options: { stages: readonly ('zstd' | 'gzip')[]; maxPlainBytes: number; objectName: string },
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0
  let chunks = stored
  for (const stage of options.stages.toReversed()) {
    chunks = stage === 'zstd' ? fromFrames(chunks, options.objectName) : gunzipped(chunks, options.objectName)
  }
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > options.maxPlainBytes)
      throw corrupt(options.objectName, 'holds more bytes than were recorded')
    yield chunk
  }
}

const corrupt = (objectName: string, what: string, cause?: unknown): HoldfastError =>
  new HoldfastError('object.corrupt', `Object "${objectName}" is damaged: it ${what}.`, {
    hint: 'Restore from another backup, and check the disk that holds this one.',
    ...(cause === undefined ? {} : { cause }),
  })

async function* fromFrames(stored: AsyncIterable<Buffer>, objectName: string): AsyncGenerator<Buffer> {
  const engine = await createZstdEngine(ANY_LEVEL)
  yield* inOrder(framesOf(stored, objectName), FRAMES, async ({ stored: frame, plainBytes }) => {
    const plain = await engine.decompress(frame, plainBytes).catch((error: unknown) => {
      throw corrupt(objectName, 'has a zstd frame that cannot be read', error)
    })
    if (plain.length !== plainBytes) throw corrupt(objectName, 'has a zstd frame that is too short')
    return plain
  })
}

async function* framesOf(stored: AsyncIterable<Buffer>, objectName: string): AsyncGenerator<Frame> {
  const reader = new ChunkReader(stored)
  try {
    for (;;) {
      const start = await reader.take(5)
      if (start.length === 0) return
      if (start.length < 5) throw corrupt(objectName, 'ends in the middle of a zstd frame')
      const magic = start.readUInt32LE(0)
      if (magic === ZSTD_MAGIC) yield await readFrame(reader, start, objectName)
      else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) await skipFrame(reader, start, objectName)
      else throw corrupt(objectName, 'has bytes that are no zstd frame')
    }
  } finally {
    await reader.close()
  }
}

async function skipFrame(reader: ChunkReader, start: Buffer, objectName: string): Promise<void> {
  // The fifth byte read is the first of the four that tell the length.
  const length = Buffer.concat([start.subarray(4), await reader.take(3)])
  if (length.length < 4) throw corrupt(objectName, 'ends in the middle of its seek table')
  const bytes = length.readUInt32LE(0)
  if ((await reader.skip(bytes)) < bytes) throw corrupt(objectName, 'ends in the middle of its seek table')
}

/** Collects one frame block by block, and refuses it before it is decompressed when its sizes cannot be true. */
async function readFrame(reader: ChunkReader, start: Buffer, objectName: string): Promise<Frame> {
  const cutShort = () => corrupt(objectName, 'ends in the middle of a zstd frame')
  const refused = () => corrupt(objectName, 'has a zstd frame that Holdfast would not write')
  const take = async (bytes: number): Promise<Buffer> => {
    const taken = await reader.take(bytes)
    if (taken.length < bytes) throw cutShort()
    return taken
  }
  const headerRest = await take(headerBytesOf(start.readUInt8(4)) - start.length)
  const header = readFrameHeader(Buffer.concat([start, headerRest]))
  const { plainBytes } = header
  if (plainBytes === undefined || plainBytes > MAX_FRAME_PLAIN_BYTES) throw refused()
  if (!header.hasChecksum || header.hasDictionary) throw refused()

  const parts = [start, headerRest]
  let storedBytes = header.bytes
  let toldBytes = 0
  for (let blocks = 0, isLast = false; !isLast; blocks++) {
    const blockHeader = await take(BLOCK_HEADER_BYTES)
    const block = readBlockHeader(blockHeader)
    storedBytes += BLOCK_HEADER_BYTES + block.storedBytes
    toldBytes += block.plainBytes ?? 0
    if (block.kind === 'reserved' || toldBytes > plainBytes) throw refused()
    if (storedBytes > MAX_FRAME_STORED_BYTES || blocks > MAX_FRAME_BLOCKS) throw refused()
    parts.push(blockHeader, await take(block.storedBytes))
    isLast = block.isLast
  }
  parts.push(await take(CHECKSUM_BYTES))
  return { stored: Buffer.concat(parts), plainBytes }
}

async function* gunzipped(stored: AsyncIterable<Buffer>, objectName: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: GZIP_CHUNK_BYTES })
  let sourceError: unknown
  const fed = pipeline(Readable.from(stored), gunzip).catch((error: unknown) => (sourceError = error))
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } catch (error) {
    await fed
    const failure = sourceError ?? error
    const isUnreadable = String((failure as NodeJS.ErrnoException).code).startsWith('Z_')
    throw isUnreadable ? corrupt(objectName, 'cannot be read as gzip', failure) : failure
  } finally {
    gunzip.destroy()
    await fed
  }
}
