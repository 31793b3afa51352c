import { createHash } from 'node:crypto'
import type { Throttle } from '../../../activities/destinations/driver.js'
import type { Bucket, StoredPart } from '../../../activities/destinations/s3/bucket.js'
import type { Payload } from '../../../activities/destinations/s3/payload.js'
import { resumingBucket } from '../../../activities/destinations/s3/resume.js'
import { openS3, s3Settings } from '../../support/s3.js'
import { noise } from '../pipeline/bytes.js'

const { signal } = new AbortController()
const NAME = 'plans/big'
const day = (count: number) => new Date(Date.UTC(2026, 10, count))

const payload = (bytes: Buffer): Payload => ({
  bytes,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  md5: createHash('md5').update(bytes).digest('base64'),
})
const partOf = (number: number, bytes: Buffer, changes: Partial<StoredPart> = {}): StoredPart => ({
  ...{ number, bytes: bytes.length, storedAt: day(2) },
  etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
  ...changes,
})

/** A bucket with unfinished uploads, and what it was asked for. What a test does not mean to be called is not there. */
function bucketWith(requests: Partial<Bucket> = {}, throttle?: Throttle) {
  const sent: number[] = []
  const bucket: Partial<Bucket> = {
    openUploads: async () => [
      { name: NAME, uploadId: 'older', startedAt: day(1) },
      { name: NAME, uploadId: 'newer', startedAt: day(2) },
      { name: `${NAME}.index`, uploadId: 'of another object', startedAt: day(3) },
    ],
    beginUpload: async (name) => ({ name, uploadId: 'new' }),
    putPart: async (_, number) => {
      sent.push(number)
      return { number, etag: '"sent"' }
    },
    ...requests,
  }
  return { sent, ...resumingBucket(bucket as Bucket, throttle) }
}

const [one, two, three] = [noise(100), noise(101), noise(102)]

test('parts that the newest unfinished upload has are not sent again, from whatever page they come', async () => {
  const pages = [
    { parts: [partOf(1, one), partOf(2, one)], next: '2' },
    { parts: [partOf(3, three)], next: undefined },
  ]
  const { bucket, sent, isFindable } = bucketWith({
    listParts: async ({ uploadId }, after) => {
      expect(uploadId).toBe('newer')
      return pages[after === undefined ? 0 : 1]!
    },
  })

  const upload = await bucket.beginUpload(NAME, signal)
  const finished = []
  for (const [index, bytes] of [one, two, three].entries())
    finished.push(await bucket.putPart(upload, index + 1, payload(bytes), signal))

  expect(upload.uploadId).toBe('newer')
  expect(sent).toEqual([2])
  expect(finished).toEqual([
    { number: 1, etag: partOf(1, one).etag },
    { number: 2, etag: '"sent"' },
    { number: 3, etag: partOf(3, three).etag },
  ])
  expect(isFindable()).toBe(true)
})

test('whatever is sent waits for the rate, and nothing else', async () => {
  const waited: number[] = []
  const requests: Partial<Bucket> = {
    put: async () => undefined,
    listParts: async () => ({ parts: [partOf(1, one)], next: undefined }),
  }
  const { bucket } = bucketWith(requests, async (bytes) => void waited.push(bytes))

  const upload = await bucket.beginUpload(NAME, signal)
  for (const [index, bytes] of [one, two].entries())
    await bucket.putPart(upload, index + 1, payload(bytes), signal)
  await bucket.put(NAME, payload(three), 'refuse', signal)

  expect(waited).toEqual([two.length, three.length])
})

test('a store whose ETags are no MD5 is sent all parts', async () => {
  const { bucket, sent } = bucketWith({
    listParts: async () => ({ parts: [partOf(1, one, { etag: '"0123"' })], next: undefined }),
  })

  await bucket.putPart(await bucket.beginUpload(NAME, signal), 1, payload(one), signal)

  expect(sent).toEqual([1])
})

test('without the right to list uploads each attempt is a new one, and leaves nothing for the next', async () => {
  const { bucket, isFindable } = bucketWith({
    openUploads: () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied' })),
  })

  expect(await bucket.beginUpload(NAME, signal)).toEqual({ name: NAME, uploadId: 'new' })
  expect(isFindable()).toBe(false)
})

test.each([
  ['finished or aborted', 'NoSuchUpload'],
  ['changed', 'InvalidPart'],
])('an upload that another attempt has %s is tried again later', async (_, name) => {
  const refused = () => Promise.reject(Object.assign(new Error('no'), { name }))
  const { bucket } = bucketWith({ openUploads: async () => [], putPart: refused, finishUpload: refused })
  const upload = await bucket.beginUpload(NAME, signal)

  const step =
    name === 'InvalidPart'
      ? bucket.finishUpload(upload, [], 'refuse', signal)
      : bucket.putPart(upload, 1, payload(one), signal)

  await expect(step).rejects.toMatchObject({ code: 'destination.unavailable' })
})

test('nothing is gone on with that is to be locked, or encrypted with keys of KMS', () => {
  const lock = { mode: 'governance', keepFor: '30d' } as const
  const canGoOn = (changes: Parameters<typeof s3Settings>[1]) =>
    typeof openS3(s3Settings('b', changes)).putResumable === 'function'

  expect(canGoOn({ objectLock: lock })).toBe(false)
  expect(canGoOn({ serverSideEncryption: 'aws:kms' })).toBe(false)
  expect(canGoOn({ serverSideEncryption: 'AES256' })).toBe(true)
})
