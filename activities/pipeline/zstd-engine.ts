import { Decoder, Encoder } from '@toondepauw/node-zstd'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import { isLikelyIncompressible, middleOf } from './incompressible.js'
import { MAX_FRAME_STORED_BYTES, rawFrame, sealFrame } from './zstd-frame.js'

/** Compresses and opens single zstd frames, in threads of their own. */
export interface ZstdEngine {
  /** One frame with its plain size and a checksum. `plain` must not change before this resolves. */
  compress(plain: Buffer): Promise<Buffer>
  /** Checks the checksum; rejects when the frame is damaged or holds more than `plainBytes`. */
  decompress(frame: Buffer, plainBytes: number): Promise<Buffer>
}

/** Less than this fraction of the plain bytes must be left. */
const WORTH_IT = 0.99

/** The part of node:zlib that Node 22.15 added; the types of Node 20 do not know it. */
interface ZlibWithZstd {
  readonly zstdCompress: (
    plain: Buffer,
    options: { params: Record<number, number>; pledgedSrcSize: number; chunkSize: number },
    callback: (error: Error | null, frame: Buffer) => void,
  ) => void
  readonly zstdDecompress: (
    frame: Buffer,
    options: { maxOutputLength: number; chunkSize: number },
    callback: (error: Error | null, plain: Buffer) => void,
  ) => void
  readonly constants: { readonly ZSTD_c_compressionLevel: number; readonly ZSTD_c_checksumFlag: number }
}

export async function createZstdEngine(level: number): Promise<ZstdEngine> {
  const hash = await xxhash()
  const engine = hasZstd(zlib) ? zlibEngine(zlib, level, hash) : addonEngine(level, hash)
  return { ...engine, compress: (plain) => compressWhereItHelps(plain, engine, hash) }
}

/**
 * Photos, videos and archives cannot be compressed again. Both libraries find that out at half the speed of zstd's own
 * program, most of it spent on memory: a look at a few bytes, and a try with a few more, is enough.
 */
async function compressWhereItHelps(plain: Buffer, engine: ZstdEngine, hash: XXHashAPI): Promise<Buffer> {
  if (!isLikelyIncompressible(plain)) return engine.compress(plain)
  const tried = middleOf(plain)
  const saves = (await engine.compress(tried)).length < tried.length * WORTH_IT
  return saves ? engine.compress(plain) : rawFrame(plain, hash.h64Raw(plain))
}

const hasZstd = (module: object): module is ZlibWithZstd => 'zstdCompress' in module

function zlibEngine(module: ZlibWithZstd, level: number, hash: XXHashAPI): ZstdEngine {
  const compress = promisify(module.zstdCompress)
  const decompress = promisify(module.zstdDecompress)
  const params = {
    [module.constants.ZSTD_c_compressionLevel]: level,
    [module.constants.ZSTD_c_checksumFlag]: 1,
  }
  return {
    compress: async (plain) => {
      // One buffer for the whole frame: small ones would cross between threads for every 16 KiB.
      const chunkSize = Math.max(64, Math.min(MAX_FRAME_STORED_BYTES, plain.length + 1024))
      const frame = await compress(plain, { params, pledgedSrcSize: plain.length, chunkSize })
      return sealFrame(frame, plain.length, () => hash.h64Raw(plain))
    },
    decompress: (frame, plainBytes) =>
      decompress(frame, {
        maxOutputLength: Math.max(1, plainBytes),
        chunkSize: Math.max(64, plainBytes),
      }),
  }
}

/** Neither size nor checksum can be asked of this library: both are added to its frames. */
function addonEngine(level: number, hash: XXHashAPI): ZstdEngine {
  const encoder = new Encoder(level)
  const decoder = new Decoder()
  return {
    compress: async (plain) => {
      const frame = await encoder.encode(plain)
      return sealFrame(frame, plain.length, () => hash.h64Raw(plain))
    },
    decompress: async (frame, plainBytes) => {
      const plain = await decoder.decode(frame)
      if (plain.length > plainBytes) throw new Error('The frame holds more than its header says.')
      return plain
    },
  }
}
