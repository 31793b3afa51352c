import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { HeadObjectCommand, ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Destination } from '../../../activities/destinations/driver.js'
import { knowForeignErrors } from '../../support/foreign-errors.js'
import { describeWith } from '../../support/needs.js'
import {
  makeBucket,
  openS3,
  s3Client,
  s3Endpoint,
  s3Server,
  s3Settings,
  S3_KEY,
  S3_SECRET,
} from '../../support/s3.js'
import { collect, noise, pieces } from '../pipeline/bytes.js'

knowForeignErrors()
const MIB = 2 ** 20
const { signal } = new AbortController()

describeWith(['s3'], 'a bucket', () => {
  let bucket: string
  let prefix: string
  let destination: Destination
  beforeAll(async () => (bucket = await makeBucket()))
  beforeEach(() => {
    prefix = randomBytes(6).toString('hex')
    destination = openS3(s3Settings(bucket, { prefix, partSize: '5MiB' }))
  })

  const put = (name: string, bytes: Buffer) =>
    destination.put(name, Readable.from(pieces(bytes, 700_000)), { signal })
  const get = async (name: string, range?: { offset: number; length: number }) =>
    collect((await destination.get(name, { signal, ...(range && { range }) })) as AsyncIterable<Buffer>)
  const list = async () => {
    const names: string[] = []
    for await (const { name } of destination.list('', signal)) names.push(name)
    return names
  }
  const unfinished = async () =>
    (await s3Client().send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))).Uploads ?? []

  it.each([
    ['two parts and a rest', 12 * MIB + 345],
    ['whole parts', 10 * MIB],
    ['exactly one part', 5 * MIB],
    ['one byte more than a part', 5 * MIB + 1],
  ])('stores %s, whole and in order', async (_, size) => {
    const bytes = noise(size)

    expect(await put('plans/big', bytes)).toEqual({ bytes: size })

    expect((await get('plans/big')).equals(bytes)).toBe(true)
    const middle = { offset: Math.floor(size / 2), length: 1000 }
    expect((await get('plans/big', middle)).equals(bytes.subarray(middle.offset, middle.offset + 1000))).toBe(
      true,
    )
    expect(await unfinished()).toEqual([])
  })

  it('takes the same large body twice, and refuses another of the same length', async () => {
    const bytes = noise(12 * MIB)
    const other = Buffer.from(bytes)
    other[11 * MIB]! ^= 1
    await put('plans/big', bytes)

    await expect(put('plans/big', bytes)).resolves.toEqual({ bytes: bytes.length })
    await expect(put('plans/big', other)).rejects.toMatchObject({ code: 'object.conflict' })
    expect((await get('plans/big')).equals(bytes)).toBe(true)
    expect(await unfinished()).toEqual([])
  })

  it('lets one of several writers of large bodies win, and leaves nothing of the others', async () => {
    const bodies = [noise(6 * MIB), noise(6 * MIB).fill(1, 0, 100), noise(7 * MIB)]

    const outcomes = await Promise.allSettled(bodies.map((body) => put('plans/race', body)))

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const stored = await get('plans/race')
    expect(bodies.filter((body) => body.equals(stored))).toHaveLength(1)
    expect(await unfinished()).toEqual([])
  })

  it('leaves nothing of a large body that fails', async () => {
    const body = Readable.from(
      (async function* () {
        yield noise(11 * MIB)
        throw new Error('the dump broke')
      })(),
    )

    await expect(destination.put('plans/broken', body, { signal })).rejects.toThrow('the dump broke')

    expect(await list()).toEqual([])
    expect(await unfinished()).toEqual([])
  })

  it('leaves nothing of a large body that is cancelled', async () => {
    const controller = new AbortController()
    const body = Readable.from(
      (async function* () {
        yield noise(11 * MIB)
        controller.abort(new Error('cancelled'))
        yield noise(11 * MIB)
      })(),
    )

    await expect(destination.put('plans/late', body, { signal: controller.signal })).rejects.toThrow(
      'cancelled',
    )

    expect(await list()).toEqual([])
    expect(await unfinished()).toEqual([])
  })

  it('reads nothing beyond the end', async () => {
    await put('short', Buffer.from('12345'))

    expect((await get('short', { offset: 3, length: 100 })).toString()).toBe('45')
    expect(await get('short', { offset: 5, length: 100 })).toHaveLength(0)
  })

  it('lists more than one page', async () => {
    const client = s3Client()
    const names = Array.from({ length: 1005 }, (_, index) => `plans/many/${String(index).padStart(4, '0')}`)
    const write = (name: string) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${name}`, Body: 'x' }))
    for (let first = 0; first < names.length; first += 50)
      await Promise.all(names.slice(first, first + 50).map(write))

    expect(await list()).toEqual(names)
  })

  it('lets the process end when nobody reads what it got', async () => {
    await put('plans/unread', noise(5 * MIB))
    const settings = JSON.stringify(s3Settings(bucket, { prefix }))
    const script = `
      import { s3 } from './activities/destinations/s3.ts'
      const secrets = { resolve: async ({ env }) => process.env[env] }
      const destination = s3({ secrets, clock: () => new Date() })('offsite', ${settings})
      await destination.get('plans/unread', { signal: new AbortController().signal })
      const begun = await destination.get('plans/unread', { signal: new AbortController().signal })
      await new Promise((resolve) => begun.once('readable', resolve))
      begun.destroy()
      console.log('got')`

    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { env: { ...process.env, NODE_OPTIONS: '', KEY: S3_KEY, SECRET: S3_SECRET }, timeout: 30_000 },
    )

    expect(stdout).toBe('got\n')
  })

  it('locks objects where it is told to', async () => {
    const locking = await makeBucket('locking')
    const objectLock = { mode: 'governance', keepFor: '1d' } as const
    const locked = openS3(s3Settings(locking, { objectLock, partSize: '5MiB' }))

    await locked.put('small', Readable.from(['x']), { signal })
    await locked.put('large', Readable.from(pieces(noise(6 * MIB), 700_000)), { signal })

    for (const Key of ['small', 'large']) {
      const found = await s3Client().send(new HeadObjectCommand({ Bucket: locking, Key }))
      expect(found.ObjectLockMode).toBe('GOVERNANCE')
      expect(found.ObjectLockRetainUntilDate!.getTime()).toBeGreaterThan(Date.now() + 86_000_000)
    }
    // Hidden, as retention needs it; the locked version stays until its time is over.
    await locked.delete('small', signal)
    expect(await locked.stat('small', signal)).toBeUndefined()
  })

  it('tells what it keeps of what was deleted, where it has versions', async () => {
    const plain = openS3(s3Settings(bucket, { prefix }))
    const versioned = openS3(s3Settings(await makeBucket('locking'), { prefix }))
    const kept = async (place: Destination) => {
      const names: string[] = []
      for await (const name of place.deletedVersions?.('keys/', signal) ?? []) names.push(name)
      return names
    }
    for (const place of [plain, versioned]) {
      for (const name of ['keys/old', 'keys/new', 'other'])
        await place.put(name, Readable.from([name]), { signal })
      for (const name of ['keys/old', 'other']) await place.delete(name, signal)
    }

    expect(await kept(plain)).toEqual([])
    expect(await kept(versioned)).toEqual(['keys/old'])
  })

  // versitygw takes these words, and does nothing.
  if (s3Server === 'minio')
    test.each([
      [
        'with keys of its own',
        { serverSideEncryption: 'AES256' as const },
        { ServerSideEncryption: 'AES256' },
      ],
      [
        'with a key of its key management service',
        { serverSideEncryption: 'aws:kms' as const, kmsKeyId: 'of-the-store' },
        { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: expect.stringContaining('of-the-store') as string },
      ],
    ])('lets the store encrypt %s, large objects and small ones', async (_, settings, expected) => {
      const sealing = openS3(s3Settings(bucket, { prefix, partSize: '5MiB', ...settings }))
      for (const bytes of [noise(1000), noise(12 * MIB)]) {
        const name = `plans/${bytes.length}`
        await sealing.put(name, Readable.from(pieces(bytes, 700_000)), { signal })

        const found = await s3Client().send(
          new HeadObjectCommand({ Bucket: bucket, Key: `${prefix}/${name}` }),
        )
        expect(found).toMatchObject(expected)
        expect((await get(name)).equals(bytes)).toBe(true)
      }
    })

  describe('says what is wrong', () => {
    const failure = (changes: Parameters<typeof s3Settings>[1], keys?: Record<string, string>) => {
      const options = keys ? { keys: { KEY: S3_KEY, SECRET: S3_SECRET, ...keys } } : {}
      return openS3(s3Settings(bucket, changes), options)
        .stat('holdfast.json', signal)
        .then(
          () => undefined,
          (error: unknown) => error as Error & { code: string; hint: string },
        )
    }

    it.each([
      ['an unknown access key', {}, { KEY: 'nobody' }, 'destination.denied', /access key id/],
      ['a wrong secret', {}, { SECRET: 'wrong-wrong' }, 'destination.denied', /secret access key/],
      ['a wrong region', { region: 'eu-central-1' }, undefined, 'destination.invalid', /region/],
    ])('%s', async (_, changes, keys, code, message) => {
      const error = await failure(changes, keys)

      expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string })
      expect(`${error!.message} ${error!.hint}`).not.toMatch(/canary|wrong-wrong/)
    })

    it('a bucket that is not there, when the first object is written', async () => {
      const nowhere = openS3(s3Settings('no-such-bucket'))

      await expect(nowhere.put('holdfast.json', Readable.from(['x']), { signal })).rejects.toMatchObject({
        code: 'destination.not-mounted',
        message: expect.stringContaining('there is no such bucket') as string,
      })
    })

    it.each([
      ['a port that nobody listens on', 'http://127.0.0.1:1', 'destination.unavailable', /nobody listens/],
      ['TLS where there is none', s3Endpoint().replace('http:', 'https:'), 'destination.invalid', /https/],
      ['a name that is not there', 'http://nowhere.invalid', 'destination.unavailable', /name/],
    ])('%s', async (_, endpoint, code, message) => {
      const error = await failure({ endpoint })

      expect(error).toMatchObject({ code })
      expect(`${error!.message} ${error!.hint}`).toMatch(message)
    })
  })
})
