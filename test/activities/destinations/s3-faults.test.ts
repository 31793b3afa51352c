import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { Destination } from '../../../activities/destinations/driver.js'
import { S3_LIMITS } from '../../../activities/destinations/s3/client.js'
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../support/faulty-proxy.js'
import { knowForeignErrors } from '../../support/foreign-errors.js'
import { describeWith } from '../../support/needs.js'
import { makeBucket, openS3, QUICK_S3, s3Client, s3Endpoint, s3Settings } from '../../support/s3.js'
import { collect, noise, pieces } from '../pipeline/bytes.js'

knowForeignErrors()
const MIB = 2 ** 20
const { signal } = new AbortController()

describeWith(['s3'], 'a bucket behind a bad network', () => {
  let bucket: string
  let prefix: string
  let proxy: FaultyProxy | undefined
  beforeAll(async () => (bucket = await makeBucket()))
  beforeEach(() => (prefix = randomBytes(6).toString('hex')))
  afterEach(() => proxy?.close())

  /** The bucket as seen without the proxy. */
  const directly = () => openS3(s3Settings(bucket, { prefix }))
  const behind = async (faultOf: (connection: number) => Fault | undefined, limits = QUICK_S3) => {
    proxy = await startFaultyProxy(Number(new URL(s3Endpoint()).port), faultOf)
    const endpoint = `http://127.0.0.1:${proxy.port}`
    return openS3(s3Settings(bucket, { prefix, endpoint, partSize: '5MiB' }), { limits })
  }
  const stored = async (name: string) =>
    collect((await directly().get(name, { signal })) as AsyncIterable<Buffer>)
  const unfinished = async () =>
    (await s3Client().send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))).Uploads ?? []

  const small = noise(200_000)
  const large = noise(12 * MIB)
  const put = (destination: Destination, name: string, bytes: Buffer) =>
    destination.put(name, Readable.from(pieces(bytes, 500_000)), { signal })

  describe.each([
    ['a small object', small, 100_000],
    ['a large object', large, 3 * MIB],
  ])('%s', (_, bytes, afterBytes) => {
    it.each<[string, Fault]>([
      ['cut in the middle', { what: 'cut', direction: 'up', afterBytes }],
      ['cut before the answer', { what: 'cut', direction: 'down', afterBytes: 20 }],
      ['stalled in the middle', { what: 'stall', direction: 'up', afterBytes }],
      ['without an answer', { what: 'stall', direction: 'down', afterBytes: 0 }],
      ['damaged in the middle', { what: 'corrupt', direction: 'up', afterBytes }],
      ['refused', { what: 'refuse' }],
    ])('is stored all the same when its first connection is %s', async (__, fault) => {
      const destination = await behind((connection) => (connection === 1 ? fault : undefined))

      await expect(put(destination, 'plans/object', bytes)).resolves.toEqual({ bytes: bytes.length })

      expect((await stored('plans/object')).equals(bytes)).toBe(true)
      expect(await unfinished()).toEqual([])
    })

    it.each<[string, Fault]>([
      ['cut', { what: 'cut', direction: 'up', afterBytes }],
      ['stalled', { what: 'stall', direction: 'up', afterBytes }],
    ])('is not there, not even in part, when every connection is %s', async (__, fault) => {
      const destination = await behind(() => fault)

      await expect(put(destination, 'plans/object', bytes)).rejects.toMatchObject({
        code: 'destination.unavailable',
      })

      expect(await directly().stat('plans/object', signal)).toBeUndefined()
    })
  })

  it('is stored over a slow connection on which bytes keep moving', async () => {
    const slow: Fault = { what: 'slow', direction: 'up', bytesPerSecond: 4 * MIB }
    const destination = await behind(() => slow, S3_LIMITS)

    await put(destination, 'plans/object', noise(6 * MIB))

    expect(await stored('plans/object')).toHaveLength(6 * MIB)
  })

  it.each<[string, Fault]>([
    ['cut', { what: 'cut', direction: 'down', afterBytes: 5 * MIB }],
    ['stalled', { what: 'stall', direction: 'down', afterBytes: 5 * MIB }],
  ])('goes on reading where a connection was %s', async (_, fault) => {
    await put(directly(), 'plans/object', large)
    const destination = await behind(() => fault)

    const body = await destination.get('plans/object', { signal })

    expect((await collect(body as AsyncIterable<Buffer>)).equals(large)).toBe(true)
  })

  it('fails to read what never comes, and says so', async () => {
    await put(directly(), 'plans/object', large)
    const destination = await behind(() => ({ what: 'stall', direction: 'down', afterBytes: 2000 }))

    const reading = collect((await destination.get('plans/object', { signal })) as AsyncIterable<Buffer>)

    await expect(reading).rejects.toMatchObject({ code: 'destination.unavailable' })
  })

  it('gives up at once when it is cancelled, whatever it waits for', async () => {
    const destination = await behind(() => ({ what: 'stall', direction: 'up', afterBytes: 0 }))
    const controller = new AbortController()
    const putting = destination.put('plans/object', Readable.from([small]), { signal: controller.signal })

    setImmediate(() => controller.abort(new Error('cancelled')))

    await expect(putting).rejects.toThrow('cancelled')
  })
})
