import { Readable } from 'node:stream'
import fc from 'fast-check'
import { abortAbandoned } from '../../../activities/destinations/s3/abandoned.js'
import { explainRequest } from '../../../activities/destinations/s3/explain.js'
import { partsOf } from '../../../activities/destinations/s3/payload.js'
import { partsAtOnce, sendParts, USUAL_PART_BYTES } from '../../../activities/destinations/s3/upload.js'
import type { Bucket, OpenUpload } from '../../../activities/destinations/s3/bucket.js'
import type { HoldfastError } from '../../../core/errors.js'
import { collect, noise, pieces } from '../pipeline/bytes.js'

const MIB = 2 ** 20
const { signal } = new AbortController()
const upload: OpenUpload = { name: 'plans/big', uploadId: 'ours' }
/** What a test does not mean to be called is not there. */
const bucketWith = (requests: Partial<Bucket>) => requests as Bucket

test('parts are whole, in order, and only the last one is shorter', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 400_000 }),
      fc.integer({ min: 1, max: 150_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      async (size, chunkBytes, partBytes) => {
        const bytes = noise(size)
        const sizes: number[] = []
        const seen = async function* () {
          for await (const part of partsOf(pieces(bytes, chunkBytes), partBytes)) {
            sizes.push(part.bytes.length)
            yield part.bytes
            part.release()
          }
        }

        const joined = await collect(seen())

        expect(joined.equals(bytes)).toBe(true)
        expect(sizes).toHaveLength(Math.max(1, Math.ceil(size / partBytes)))
        expect(sizes.slice(0, -1).every((length) => length === partBytes)).toBe(true)
      },
    ),
    { numRuns: 50 },
  )
})

test('an upload keeps at most 64 MiB, however slow the store is', async () => {
  const chunk = Buffer.alloc(MIB)
  let made = 0
  let stored = 0
  let most = 0
  const chunks = async function* () {
    for (; made < 300 * MIB;) {
      made += chunk.length
      most = Math.max(most, made - stored)
      yield chunk
    }
  }
  const putPart: Bucket['putPart'] = async (_, number, { bytes }) => {
    // The store takes its time: the body could be read far ahead meanwhile.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    stored += bytes.length
    return { number, etag: `"${number}"` }
  }

  const { sent } = await sendParts(
    { bucket: bucketWith({ putPart }), limits: { pausesMs: [] }, partBytes: USUAL_PART_BYTES, signal },
    upload,
    partsOf(chunks(), USUAL_PART_BYTES),
  )

  expect(sent.bytes).toBe(300 * MIB)
  // And the chunk that tells that a part is not the last.
  expect(most).toBeLessThanOrEqual(64 * MIB + chunk.length)
  expect(most).toBeGreaterThan(32 * MIB)
})

test.each([
  [5, 11],
  [16, 3],
  [32, 1],
  [1024, 1],
])('of parts of %d MiB, %d are sent at once', (mebibytes, count) => {
  expect(partsAtOnce(mebibytes * MIB)).toBe(count)
})

test('a part that is damaged on the way is sent again; one that is refused is not', async () => {
  const attempts = { damaged: 0, refused: 0 }
  const send = (name: keyof typeof attempts, error: Error, failures: number) =>
    sendParts(
      {
        bucket: bucketWith({
          putPart: async (_, number) => {
            if (attempts[name]++ < failures) throw error
            return { number, etag: '"x"' }
          },
        }),
        limits: { pausesMs: [1, 1] },
        partBytes: MIB,
        signal,
      },
      upload,
      partsOf(pieces(noise(1000), 1000), MIB),
    )

  await send(
    'damaged',
    Object.assign(new Error(), { name: 'BadDigest', $metadata: { httpStatusCode: 400 } }),
    2,
  )
  await expect(
    send(
      'refused',
      Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }),
      2,
    ),
  ).rejects.toThrow('no')

  expect(attempts).toEqual({ damaged: 3, refused: 1 })
})

test('an object that needs more than 10,000 parts is refused with what to do', async () => {
  const sending = sendParts(
    {
      bucket: bucketWith({ putPart: async (_, number) => ({ number, etag: '"x"' }) }),
      limits: { pausesMs: [] },
      partBytes: 10,
      signal,
    },
    upload,
    partsOf(Readable.from(pieces(noise(100_001), 50_000)), 10),
  )

  await expect(sending).rejects.toMatchObject({
    code: 'destination.full',
    hint: expect.stringContaining('partSize') as string,
  })
})

test('uploads on which nothing has moved for a week are aborted, younger ones, slow ones and unknown times are not', async () => {
  const day = (count: number) => new Date(Date.UTC(2026, 10, count))
  const aborted: string[] = []
  const openUploads = async (prefix: string) => {
    expect(prefix).toBe('plans/')
    return [
      { name: 'plans/a', uploadId: 'dead', startedAt: day(1) },
      { name: 'plans/a', uploadId: 'slow', startedAt: day(1) },
      { name: 'plans/b', uploadId: 'alive', startedAt: day(14) },
      { ...upload, startedAt: day(20) },
    ]
  }
  const abortUpload = async ({ uploadId }: OpenUpload) => void aborted.push(uploadId)

  const listParts = async ({ uploadId }: OpenUpload) => ({
    parts: uploadId === 'slow' ? [{ number: 1, etag: '"x"', bytes: 1, storedAt: day(14) }] : [],
    next: undefined,
  })

  await abortAbandoned(bucketWith({ openUploads, abortUpload, listParts }), upload, signal)
  await abortAbandoned(
    bucketWith({ openUploads: () => Promise.reject(new Error('no right')), abortUpload }),
    upload,
    signal,
  )

  expect(aborted).toEqual(['dead'])
})

test.each([
  [{ name: 'InvalidAccessKeyId' }, 403, 'destination.denied'],
  [{ name: 'ExpiredToken' }, 400, 'destination.denied'],
  [{ name: 'RequestTimeTooSkewed' }, 403, 'destination.denied'],
  [{ name: 'AccessDenied' }, 403, 'destination.denied'],
  [{ name: 'InvalidObjectState' }, 403, 'destination.denied'],
  [{ name: 'Forbidden' }, 403, 'destination.denied'],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, undefined, 'destination.denied'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, undefined, 'destination.denied'],
  [{ name: 'NoSuchBucket' }, 404, 'destination.not-mounted'],
  [{ name: 'AuthorizationHeaderMalformed', Region: 'eu-west-1' }, 400, 'destination.invalid'],
  [{ name: 'NotImplemented' }, 501, 'destination.invalid'],
  [{ name: 'XMinioStorageFull' }, 507, 'destination.full'],
  [{ name: 'SlowDown' }, 503, 'destination.unavailable'],
  [{ name: 'InternalError' }, 500, 'destination.unavailable'],
  [{ name: 'TimeoutError' }, undefined, 'destination.unavailable'],
  [{ code: 'ECONNRESET' }, undefined, 'destination.unavailable'],
] as const)('%j (HTTP %p) is %s', (error, status, code) => {
  const thrown = Object.assign(new Error('what the store said: canary'), error, {
    $metadata: status === undefined ? {} : { httpStatusCode: status },
  })

  const explained = explainRequest(thrown, {
    destination: 'offsite',
    bucket: 'b',
    endpoint: 'https://s3.example.org',
    doing: 'read object "x" of',
  }) as HoldfastError

  expect(explained).toMatchObject({ code, hint: expect.any(String) as string })
  expect(explained.message).toContain('Could not read object "x" of destination "offsite"')
  expect(`${explained.message}${explained.hint}`).not.toContain('canary')
  if ('Region' in error) expect(explained.hint).toContain('eu-west-1')
})
