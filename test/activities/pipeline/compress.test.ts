import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { compressed } from '../../../activities/pipeline/compress.js'
import { decompressed } from '../../../activities/pipeline/decompress.js'
import type { Compression } from '../../../schemas/plan.js'
import { collect, noise, pieces, prose } from './bytes.js'
import { longestTurnMs } from './longest-turn.js'
import { longer } from '../../support/long.js'

const FRAME = 2 * 1024 * 1024
const zstd: Required<Compression> = { algorithm: 'zstd', level: 3 }

const compress = (plain: Buffer, compression = zstd, chunkBytes = 65_536) =>
  collect(compressed(pieces(plain, chunkBytes), compression))
const decompress = (stored: Buffer, maxPlainBytes: number, stage: 'zstd' | 'gzip' = 'zstd') =>
  collect(decompressed(pieces(stored, 50_000), { stages: [stage], maxPlainBytes, objectName: 'x.zst' }))

describe('zstd', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-compress-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['exactly one frame', prose(FRAME)],
    ['one byte more than a frame', prose(FRAME + 1)],
    ['several frames of noise', noise(2.5 * FRAME)],
    ['several frames of zeros', Buffer.alloc(3 * FRAME)],
  ])('is accepted by zstd itself and read back by us: %s', async (_, plain) => {
    const stored = await compress(plain)
    writeFileSync(join(folder, 'x.zst'), stored)

    execFileSync('zstd', ['-q', '-t', join(folder, 'x.zst')])
    const byZstd = execFileSync('zstd', ['-q', '-d', '-c', join(folder, 'x.zst')], { maxBuffer: 1 << 28 })

    expect(byZstd.equals(plain)).toBe(true)
    expect((await decompress(stored, plain.length)).equals(plain)).toBe(true)
  })

  it('gives every frame a checksum and its plain size', async () => {
    writeFileSync(join(folder, 'x.zst'), await compress(prose(FRAME + 1000)))

    const listing = execFileSync('zstd', ['-l', '-v', join(folder, 'x.zst')], { encoding: 'utf8' })

    expect(listing).toMatch(/Check: XXH64/)
    expect(listing).toMatch(/Number of files listed|# Zstandard Frames: 2/)
    expect(listing).toMatch(/# Skippable Frames: 1/)
    expect(listing).toMatch(new RegExp(`\\(${FRAME + 1000} B\\)`))
  })

  it('ends with a seek table from which reading can start in the middle', async () => {
    const plain = prose(2 * FRAME + 12_345)
    const stored = await compress(plain)

    const footer = stored.subarray(-9)
    const frames = footer.readUInt32LE(0)
    const table = stored.subarray(-9 - frames * 8, -9)
    const [first, second] = [table.readUInt32LE(0), table.readUInt32LE(8)]
    const secondFrame = stored.subarray(first, first + second)

    expect(footer.readUInt32LE(5)).toBe(0x8f92eab1)
    expect(frames).toBe(3)
    expect((await decompress(secondFrame, FRAME)).equals(plain.subarray(FRAME, 2 * FRAME))).toBe(true)
  })

  it('gives back what went in, however the stream is cut', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 5000 }),
      fc.integer({ min: 1, max: 6000 }),
      async (bytes, chunkBytes) => {
        const plain = Buffer.from(bytes)
        const stored = await compress(plain, zstd, chunkBytes)
        expect((await decompress(stored, plain.length)).equals(plain)).toBe(true)
      },
    )

    await fc.assert(property, { numRuns: longer(50) })
  })

  it('notices every flipped bit and every cut, or reads the same bytes', async () => {
    const plain = prose(3000)
    const stored = await compress(plain)
    const property = fc.asyncProperty(
      fc.nat(stored.length * 8 - 1),
      fc.nat(stored.length - 1),
      async (bit, cutAt) => {
        const flipped = Buffer.from(stored)
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        for (const damaged of [flipped, stored.subarray(0, cutAt)]) {
          const outcome = await decompress(damaged, plain.length).then(
            // Nothing at all and a seek table that was hit are left for the digest to notice.
            (bytes) => (bytes.equals(plain) || bytes.length === 0 ? 'harmless' : 'WRONG'),
            (error: { code: string }) => error.code,
          )
          expect(['harmless', 'object.corrupt']).toContain(outcome)
        }
      },
    )

    await fc.assert(property, { numRuns: longer(300) })
  })

  it('never hands out more than was recorded', async () => {
    const stored = await compress(Buffer.alloc(3 * FRAME))

    const bytes: number[] = []
    const reading = (async () => {
      const options = { stages: ['zstd'] as const, maxPlainBytes: FRAME + 1, objectName: 'x.zst' }
      for await (const chunk of decompressed(pieces(stored, 1000), options)) bytes.push(chunk.length)
    })()

    await expect(reading).rejects.toMatchObject({ code: 'object.corrupt' })
    expect(bytes.reduce((sum, value) => sum + value, 0)).toBeLessThanOrEqual(FRAME + 1)
  })

  it('refuses a frame that claims to be larger than we make them, before it is decompressed', async () => {
    writeFileSync(join(folder, 'bomb'), Buffer.alloc(64 * 1024 * 1024))
    const bomb = execFileSync('zstd', ['-q', '-c', join(folder, 'bomb')])

    await expect(decompress(bomb, 64 * 1024 * 1024)).rejects.toMatchObject({ code: 'object.corrupt' })
  })

  it('refuses a small frame whose blocks say that they are gigabytes', async () => {
    const header = Buffer.from('28b52ffd8458', 'hex')
    const size = Buffer.alloc(4)
    size.writeUInt32LE(100)
    const rle = Buffer.alloc(4)
    rle.writeUIntLE((131_072 << 3) | (1 << 1), 0, 3)
    const forged = Buffer.concat([header, size, ...Array.from({ length: 500 }, () => rle)])

    await expect(decompress(forged, 100)).rejects.toMatchObject({ code: 'object.corrupt' })
  })

  it('passes on the error of its source, and yields no end', async () => {
    const broken = (async function* () {
      yield prose(100_000)
      throw new Error('the dump broke')
    })()

    await expect(collect(compressed(broken, zstd))).rejects.toThrow('the dump broke')
  })

  it('keeps the event loop free', async () => {
    const plain = prose(8 * FRAME)

    const longest = await longestTurnMs(() => collect(compressed(asFromSocket(plain), zstd)))

    expect(longest).toBeLessThan(50)
  })
})

/** One chunk for each turn of the event loop. */
async function* asFromSocket(bytes: Buffer): AsyncGenerator<Buffer> {
  for await (const chunk of pieces(bytes, 65_536)) {
    await new Promise((resolve) => setImmediate(resolve))
    yield chunk
  }
}

describe('gzip', () => {
  const gzip: Required<Compression> = { algorithm: 'gzip', level: 6 }

  it('is opened by gunzip and by us', async () => {
    const plain = prose(300_000)
    const stored = await compress(plain, gzip)

    expect(gunzipSync(stored).equals(plain)).toBe(true)
    expect((await decompress(stored, plain.length, 'gzip')).equals(plain)).toBe(true)
  })

  it('never hands out more than was recorded', async () => {
    const stored = await compress(Buffer.alloc(50_000_000), gzip)

    await expect(decompress(stored, 1000, 'gzip')).rejects.toMatchObject({ code: 'object.corrupt' })
  })

  it.each([
    ['a cut', (stored: Buffer) => stored.subarray(0, -10)],
    ['a flipped bit', (stored: Buffer) => stored.fill((stored[5000] as number) ^ 1, 5000, 5001)],
  ])('notices %s', async (_, damage) => {
    const plain = noise(30_000)
    const stored = await compress(plain, gzip)

    await expect(decompress(damage(stored), plain.length, 'gzip')).rejects.toMatchObject({
      code: 'object.corrupt',
    })
  })

  it('passes on the error of its source', async () => {
    const broken = (async function* () {
      yield prose(100_000)
      throw new Error('the dump broke')
    })()

    await expect(collect(compressed(broken, gzip))).rejects.toThrow('the dump broke')
  })
})

it('none leaves the bytes as they are', async () => {
  const plain = noise(200_000)

  expect((await compress(plain, { algorithm: 'none', level: 3 })).equals(plain)).toBe(true)
})
