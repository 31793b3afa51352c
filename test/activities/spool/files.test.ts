import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createSpool } from '../../../activities/spool/files.js'
import { testSpool } from '../../fakes/spool.js'
import { collect, prose } from '../pipeline/bytes.js'

const NAME = 'plans/shop/20261120-013000-shop-7f3a2c/orders_20261120_013000.dump.zst'
const signal = new AbortController().signal

let stateDir: string
beforeEach(async () => (stateDir = await mkdtemp(join(tmpdir(), 'holdfast-spool-'))))
afterEach(() => rm(stateDir, { recursive: true }))

const filesOf = async () => {
  const entries = await readdir(join(stateDir, 'spool'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
const bodyOf = (...chunks: Buffer[]) => Readable.from(chunks)

test('gives back what was put, and shows nothing of it to those who read the disk', async () => {
  const spool = testSpool(stateDir)
  const bytes = prose(3_000_000)

  await spool.put(NAME, bodyOf(bytes.subarray(0, 1_000_001), bytes.subarray(1_000_001)), { signal })

  const [file = ''] = await filesOf()
  const onDisk = await readFile(file)
  expect((await collect(Readable.from(spool.read(NAME)!))).equals(bytes)).toBe(true)
  expect(onDisk).toHaveLength(bytes.length)
  expect(onDisk.includes(bytes.subarray(0, 16))).toBe(false)
  expect(file).not.toContain('shop')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700)
})

test('takes no more than its limit, and leaves nothing of what did not fit', async () => {
  const spool = testSpool(stateDir, { limitBytes: 1000 })
  await spool.put(`${NAME}.first`, bodyOf(Buffer.alloc(600)), { signal })

  const refused = spool.put(NAME, bodyOf(Buffer.alloc(300), Buffer.alloc(101)), { signal })

  await expect(refused).rejects.toMatchObject({ code: 'spool.full' })
  expect(await filesOf()).toHaveLength(1)
  expect(await spool.roomBytes()).toBe(400)
  expect(spool.read(NAME)).toBeUndefined()
})

test('two that write at the same time keep the limit together', async () => {
  const spool = testSpool(stateDir, { limitBytes: 1000 })
  const body = () => bodyOf(...Array.from({ length: 10 }, () => Buffer.alloc(80)))

  const results = await Promise.allSettled(['a', 'b'].map((name) => spool.put(name, body(), { signal })))

  expect(results.some(({ status }) => status === 'rejected')).toBe(true)
  expect(await spool.roomBytes()).toBeGreaterThanOrEqual(200)
})

test('leaves to the disk what journal and alarms need', async () => {
  const spool = createSpool({
    stateDir,
    random: (digits) => '1'.repeat(digits),
    freeBytes: async () => 5000,
    reserveBytes: 4000,
  })

  await expect(spool.put(NAME, bodyOf(Buffer.alloc(1001)), { signal })).rejects.toMatchObject({
    code: 'spool.full',
  })
})

test('a disk that cannot be written is named', async () => {
  await writeFile(join(stateDir, 'spool'), 'no folder')
  const spool = testSpool(stateDir)

  await expect(spool.put(NAME, bodyOf(Buffer.alloc(1)), { signal })).rejects.toMatchObject({
    code: 'spool.failed',
  })
})

test('a body that errors is not there, and its own error is thrown', async () => {
  const spool = testSpool(stateDir)
  const failing = Readable.from(
    (function* () {
      yield Buffer.alloc(10)
      throw new Error('the dump was cut off')
    })(),
  )

  await expect(spool.put(NAME, failing, { signal })).rejects.toThrow('the dump was cut off')
  expect(await filesOf()).toEqual([])
  expect(spool.read(NAME)).toBeUndefined()
})

test('a cancelled put ends, and leaves nothing', async () => {
  const spool = testSpool(stateDir)
  const controller = new AbortController()
  const endless = new Readable({ read: () => undefined })

  const put = spool.put(NAME, endless, { signal: controller.signal })
  controller.abort(new Error('cancelled'))

  await expect(put).rejects.toThrow('cancelled')
  expect(await filesOf()).toEqual([])
})

test('forgets by the beginning of names, and gives the room back', async () => {
  const spool = testSpool(stateDir, { limitBytes: 1000 })
  for (const name of ['plans/a/1/x', 'plans/a/2/y', 'plans/b/1/z'])
    await spool.put(name, bodyOf(Buffer.alloc(100)), { signal })

  await spool.discard('plans/a/')

  expect(await spool.roomBytes()).toBe(900)
  expect(spool.read('plans/a/1/x')).toBeUndefined()
  expect(spool.read('plans/b/1/z')).toBeDefined()
  await spool.close()
  expect(await filesOf()).toEqual([])
})

test('an object whose file is gone is lost', async () => {
  const spool = testSpool(stateDir)
  await spool.put(NAME, bodyOf(Buffer.alloc(100)), { signal })
  for (const file of await filesOf()) await rm(file)

  await expect(collect(Readable.from(spool.read(NAME)!))).rejects.toMatchObject({ code: 'spool.lost' })
})

test('sweeps what dead processes left, and nothing of those that live', async () => {
  const spool = testSpool(stateDir)
  await spool.put(NAME, bodyOf(Buffer.alloc(100)), { signal })
  // This very process id, with another start: it was given out again.
  const dead = join(stateDir, 'spool', `${process.pid}-1`)
  await mkdir(dead)
  await writeFile(join(dead, 'left'), 'bytes')

  await testSpool(stateDir).sweep()

  expect(await filesOf()).toHaveLength(1)
  expect(await collect(Readable.from(spool.read(NAME)!))).toHaveLength(100)
})

test('sweeping where there never was a spool is nothing', async () => {
  await testSpool(stateDir).sweep()

  expect(await readdir(stateDir)).toEqual([])
})
