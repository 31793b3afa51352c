import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { decrypted } from '../../../activities/pipeline/decrypt.js'
import { encrypted } from '../../../activities/pipeline/encrypt.js'
import { HEADER_BYTES, SEGMENT_BYTES, TAG_BYTES } from '../../../activities/pipeline/segments.js'
import { collect, noise, pieces } from './bytes.js'

const FIRST = SEGMENT_BYTES - HEADER_BYTES - TAG_BYTES
const FURTHER = SEGMENT_BYTES - TAG_BYTES
const dataKey = Buffer.alloc(32, 1)
const associatedData = '20260301-013000-shop-7f3a2c/uploads_20260301_013000.tar.zst.enc'
const salt = noise(32)
const noncePrefix = noise(7)

const encrypt = (
  plain: Buffer,
  chunkBytes = 300_000,
  changes: Partial<Parameters<typeof encrypted>[1]> = {},
) => collect(encrypted(pieces(plain, chunkBytes), { dataKey, associatedData, salt, noncePrefix, ...changes }))

/** What comes out before the end, and how it ends. */
async function decrypt(stored: Buffer, changes: Partial<Parameters<typeof decrypted>[1]> = {}) {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of decrypted(pieces(stored, 700_001), { dataKey, associatedData, ...changes }))
      chunks.push(chunk)
    return { plain: Buffer.concat(chunks) }
  } catch (error) {
    return { plain: Buffer.concat(chunks), code: (error as { code?: string }).code }
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test.each([
  ['nothing', 0],
  ['a byte', 1],
  ['one segment less a byte', FIRST - 1],
  ['exactly one segment', FIRST],
  ['one segment and a byte', FIRST + 1],
  ['exactly two segments', FIRST + FURTHER],
  ['three segments', FIRST + FURTHER + 5],
])('%s comes back as it was', async (_, bytes) => {
  const plain = noise(bytes)

  const stored = await encrypt(plain)
  const { plain: back, code } = await decrypt(stored)

  expect(code).toBeUndefined()
  expect(sha256(back)).toBe(sha256(plain))
  const segments = bytes <= FIRST ? 1 : 1 + Math.ceil((bytes - FIRST) / FURTHER)
  expect(stored.length).toBe(HEADER_BYTES + bytes + segments * TAG_BYTES)
})

test('the size of the chunks that come in changes nothing', async () => {
  const plain = noise(FIRST + 1000)
  const digests = await Promise.all(
    [997, FIRST, SEGMENT_BYTES, 3 * SEGMENT_BYTES].map(async (bytes) => sha256(await encrypt(plain, bytes))),
  )

  expect(new Set(digests).size).toBe(1)
})

describe('of three segments', () => {
  const plain = noise(FIRST + FURTHER + 5000)
  const end1 = SEGMENT_BYTES
  const end2 = 2 * SEGMENT_BYTES
  let stored: Buffer

  beforeAll(async () => {
    stored = await encrypt(plain)
  })

  test.each<[string, number, (bytes: Buffer) => Buffer]>([
    ['cut inside the last', 2, (bytes) => bytes.subarray(0, end2 + 100)],
    ['cut to a few bytes of the last', 2, (bytes) => bytes.subarray(0, end2 + 3)],
    ['cut between two', 1, (bytes) => bytes.subarray(0, end2)],
    ['cut after the first', 0, (bytes) => bytes.subarray(0, end1)],
    ['cut inside the header', 0, (bytes) => bytes.subarray(0, 20)],
    ['cut to nothing', 0, () => Buffer.alloc(0)],
    ['lengthened by a byte', 2, (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
    ['lengthened by a segment', 2, (bytes) => Buffer.concat([bytes, bytes.subarray(end1, end2)])],
    [
      'with its middle one twice',
      2,
      (bytes) => Buffer.concat([bytes.subarray(0, end2), bytes.subarray(end1, end2), bytes.subarray(end2)]),
    ],
    ['without its middle one', 1, (bytes) => Buffer.concat([bytes.subarray(0, end1), bytes.subarray(end2)])],
    [
      'with the last two exchanged',
      1,
      (bytes) => Buffer.concat([bytes.subarray(0, end1), bytes.subarray(end2), bytes.subarray(end1, end2)]),
    ],
  ])('one %s yields what was before it, and an error', async (_, segmentsBefore, damage) => {
    const { plain: out, code } = await decrypt(damage(stored))

    expect(code).toBe('object.corrupt')
    expect(out.length).toBeLessThanOrEqual(segmentsBefore === 0 ? 0 : FIRST + (segmentsBefore - 1) * FURTHER)
    expect(sha256(out)).toBe(sha256(plain.subarray(0, out.length)))
  })

  test('one whose segment comes from another object with the same key is found', async () => {
    const other = await encrypt(plain, 300_000, { salt: noise(64).subarray(32) })
    const mixed = Buffer.concat([stored.subarray(0, end1), other.subarray(end1, end2), stored.subarray(end2)])

    expect(await decrypt(mixed)).toMatchObject({ code: 'object.corrupt', plain: { length: FIRST } })
  })

  test('no bit can be flipped anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.nat(7), async (at, bit) => {
        const damaged = Buffer.from(stored)
        damaged[at]! ^= 1 << bit

        const { plain: out, code } = await decrypt(damaged)

        const before = at < end1 ? 0 : at < end2 ? FIRST : FIRST + FURTHER
        return code === 'object.corrupt' && out.length === before && out.equals(plain.subarray(0, before))
      }),
      {
        numRuns: 40,
        examples: [
          [0, 0],
          [1, 0],
          [33, 7],
          [39, 1],
          [end1, 0],
          [stored.length - 1, 7],
        ],
      },
    )
  })

  test.each([
    ['another key', { dataKey: Buffer.alloc(32, 2) }],
    ['the name of another object', { associatedData: associatedData.replace('uploads', 'orders') }],
    ['the id of another backup', { associatedData: associatedData.replace('7f3a2c', '7f3a2d') }],
  ])('with %s nothing opens', async (_, changes) => {
    expect(await decrypt(stored, changes)).toMatchObject({ code: 'object.corrupt', plain: { length: 0 } })
  })
})

test('an error of the source is the error of the stream', async () => {
  async function* broken() {
    yield noise(10)
    throw new Error('the dump died')
  }

  await expect(collect(encrypted(broken(), { dataKey, associatedData, salt, noncePrefix }))).rejects.toThrow(
    'the dump died',
  )
})
