import { Readable } from 'node:stream'
import type { Destination, ObjectInfo } from '../../activities/destinations/driver.js'
import { collect, noise, pieces } from '../activities/pipeline/bytes.js'

const { signal } = new AbortController()

/** What every destination promises. `make` gives an empty one, `dispose` removes it. */
export function describeDestination(
  name: string,
  make: () => Promise<{ destination: Destination; dispose: () => Promise<void> }>,
): void {
  describe(`${name} keeps the contract of destinations`, () => {
    let destination: Destination
    let dispose: () => Promise<void>
    beforeEach(async () => ({ destination, dispose } = await make()))
    afterEach(() => dispose())

    const put = (objectName: string, bytes: Buffer | string) =>
      destination.put(objectName, Readable.from([Buffer.from(bytes)]), { signal })
    const get = async (objectName: string, range?: { offset: number; length: number }) =>
      collect(
        (await destination.get(objectName, { signal, ...(range && { range }) })) as AsyncIterable<Buffer>,
      )
    const list = async (prefix: string) => {
      const found: ObjectInfo[] = []
      for await (const object of destination.list(prefix, signal)) found.push(object)
      return found
    }

    it('gives back the bytes that were put, whole and in part', async () => {
      const bytes = noise(3_000_000)

      const stored = await destination.put('plans/shop/a.tar.zst', Readable.from(pieces(bytes, 70_000)), {
        signal,
      })

      expect(stored).toEqual({ bytes: bytes.length })
      expect((await get('plans/shop/a.tar.zst')).equals(bytes)).toBe(true)
      const part = await get('plans/shop/a.tar.zst', { offset: 1_234_567, length: 1000 })
      expect(part.equals(bytes.subarray(1_234_567, 1_235_567))).toBe(true)
    })

    it('keeps empty objects', async () => {
      await destination.put('empty', Readable.from([]), { signal })

      expect(await destination.stat('empty', signal)).toMatchObject({ name: 'empty', bytes: 0 })
      expect(await get('empty')).toHaveLength(0)
    })

    it('takes the same bytes twice, and refuses others under the same name', async () => {
      await put('plans/run.json', 'one')

      await expect(put('plans/run.json', 'one')).resolves.toEqual({ bytes: 3 })
      await expect(put('plans/run.json', 'two')).rejects.toMatchObject({ code: 'object.conflict' })
      await expect(put('plans/run.json', 'longer')).rejects.toMatchObject({ code: 'object.conflict' })
      expect((await get('plans/run.json')).toString()).toBe('one')
    })

    it('lets exactly one of two writers with different bytes win', async () => {
      const outcomes = await Promise.allSettled([put('race', 'left'), put('race', 'right')])

      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(['left', 'right']).toContain((await get('race')).toString())
    })

    it('leaves nothing when the body fails, and throws its error', async () => {
      const body = Readable.from(
        (async function* () {
          yield noise(500_000)
          throw new Error('the dump broke')
        })(),
      )

      await expect(destination.put('plans/broken', body, { signal })).rejects.toThrow('the dump broke')

      expect(await destination.stat('plans/broken', signal)).toBeUndefined()
      expect(await list('')).toEqual([])
    })

    it('leaves nothing when the body is closed before its end', async () => {
      const body = new Readable({ read: () => undefined })
      body.push(noise(100_000))

      const putting = destination.put('plans/short', body, { signal })
      body.once('resume', () => undefined)
      setImmediate(() => body.destroy())

      await expect(putting).rejects.toThrow()
      expect(await list('')).toEqual([])
    })

    it('leaves nothing when it is cancelled', async () => {
      const controller = new AbortController()
      const endless = Readable.from(
        (async function* () {
          for (let sent = 0; ; sent++) {
            if (sent === 5) controller.abort(new Error('cancelled'))
            yield noise(100_000)
          }
        })(),
      )

      const putting = destination.put('plans/cancelled', endless, { signal: controller.signal })

      await expect(putting).rejects.toThrow('cancelled')
      expect(await list('')).toEqual([])
    })

    it('shows an object only when it is complete', async () => {
      let during: readonly ObjectInfo[] | undefined
      const body = Readable.from(
        (async function* () {
          yield noise(300_000)
          during = await list('')
          yield noise(300_000)
        })(),
      )

      await destination.put('plans/slow', body, { signal })

      expect(during).toEqual([])
      expect((await list('')).map(({ name }) => name)).toEqual(['plans/slow'])
    })

    it('lists by prefix, sorted by name', async () => {
      const names = [
        'plans/b/x',
        'plans/a/z.json',
        'plans/a/y',
        'plans/a-c',
        'plans/a.b',
        'plans/ab/c',
        'holdfast.json',
      ]
      for (const name of names) await put(name, name)

      expect((await list('')).map(({ name }) => name)).toEqual([...names].sort())
      expect((await list('plans/a')).map(({ name }) => name)).toEqual([
        'plans/a-c',
        'plans/a.b',
        'plans/a/y',
        'plans/a/z.json',
        'plans/ab/c',
      ])
      expect((await list('plans/a/')).map(({ name }) => name)).toEqual(['plans/a/y', 'plans/a/z.json'])
      expect(await list('nothing/')).toEqual([])
      expect((await list('plans/b/'))[0]).toMatchObject({ bytes: 9 })
    })

    it('deletes, also what is not there', async () => {
      await put('plans/a/x', 'x')

      await destination.delete('plans/a/x', signal)
      await destination.delete('plans/a/x', signal)

      expect(await destination.stat('plans/a/x', signal)).toBeUndefined()
      expect(await list('')).toEqual([])
      await expect(destination.get('plans/a/x', { signal })).rejects.toMatchObject({
        code: 'object.not-found',
      })
    })

    it.each(['../escaped', 'plans/../../escaped', '/etc/passwd', '.hidden', 'plans//x', ''])(
      'refuses names that lead elsewhere: %j',
      async (objectName) => {
        await expect(put(objectName, 'x')).rejects.toMatchObject({ code: 'object.not-found' })
      },
    )

    it('tells the time of its objects', async () => {
      await put('timed', 'x')

      const found = await destination.stat('timed', signal)

      expect(Math.abs((found?.modifiedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
    })
  })
}
