import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Destination, KnownBody, Throttles } from '../../activities/destinations/driver.js'
import { proven } from '../../activities/pipeline/proven.js'
import { collect, noise, pieces } from '../activities/pipeline/bytes.js'
import type { FaultyProxy } from '../support/faulty-proxy.js'
import { until } from '../support/until.js'

const MIB = 2 ** 20
/** Of the object of all these tests. */
export const NAME = 'plans/shop/backup/uploads.tar.zst.enc'
const { signal } = new AbortController()

/** An empty place at a store that uploads can go on in. */
export interface ResumablePlace {
  /** The place at the end of a line of its own, as another process would reach it. */
  connect(): Promise<{ destination: Destination; line: FaultyProxy }>
  /** Bytes that unfinished uploads have at the store. */
  leftBytes(): Promise<number>
  /** Changes all that they have from its first byte on. */
  damageLeft(): Promise<void>
  dispose(): Promise<void>
}

/** What destinations promise besides that have `putResumable`. Parts of S3 are those of 5 MiB. */
export function describeResumable(name: string, make: () => Promise<ResumablePlace>): void {
  describe(`${name} goes on with uploads`, () => {
    let place: ResumablePlace
    beforeEach(async () => (place = await make()))
    afterEach(() => place.dispose())

    const bytes = noise(24 * MIB)
    const other = Buffer.from(bytes).fill(1, 20 * MIB)
    const knownOf = (body: Buffer): KnownBody => ({
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    })
    /** `body` is all of `known`, or errors at its end, as those that upload make it. */
    const put = (
      { destination }: { destination: Destination },
      body: AsyncIterable<Buffer> = pieces(bytes, 300_000),
      { known = knownOf(bytes), throttles = {} }: { known?: KnownBody; throttles?: Throttles } = {},
    ) => {
      const recorded = { storedBytes: known.bytes, storedSha256: known.sha256 }
      const chunks = proven(body, recorded, () => new Error('not as it was recorded'))
      const stream = Readable.from(chunks, { objectMode: true, highWaterMark: 1 })
      if (!destination.putResumable) throw new Error('It cannot go on with uploads.')
      return destination.putResumable(NAME, stream, { known, throttles, signal })
    }
    const stored = async ({ destination }: { destination: Destination }) =>
      collect((await destination.get(NAME, { signal })) as AsyncIterable<Buffer>)
    /** The body of an attempt of which 12 MiB are given, and 8 arrive, before `then` is done. */
    async function* interrupted(body: Buffer, then: () => unknown): AsyncGenerator<Buffer> {
      yield* pieces(body.subarray(0, 12 * MIB), 300_000)
      await until('a good part has arrived', async () => (await place.leftBytes()) >= 8 * MIB)
      await then()
      yield* pieces(body.subarray(12 * MIB), 300_000)
    }
    /** An attempt whose line breaks when a good part has arrived. */
    const cutOff = async (body = bytes) => {
      const broken = await place.connect()
      const known = knownOf(body)
      const attempt = put(
        broken,
        interrupted(body, () => broken.line.breakOff()),
        { known },
      )
      await expect(attempt).rejects.toMatchObject({ code: 'destination.unavailable' })
      await broken.line.close()
      expect(await place.leftBytes()).toBeGreaterThanOrEqual(8 * MIB)
    }

    it('stores a body of which nothing is there, and leaves nothing beside it', async () => {
      const here = await place.connect()

      expect(await put(here)).toEqual({ bytes: bytes.length })

      expect((await stored(here)).equals(bytes)).toBe(true)
      expect(await place.leftBytes()).toBe(0)
      await here.line.close()
    })

    it('sends only what is missing after the line was cut, at the rate that was asked for', async () => {
      await cutOff()
      const here = await place.connect()
      const visible = await here.destination.list('', signal)[Symbol.asyncIterator]().next()
      let slowed = 0
      const upload = async (count: number) => void (slowed += count)

      await put(here, undefined, { throttles: { upload } })

      expect(visible.done).toBe(true)
      expect(here.line.bytesUp()).toBeLessThan(17 * MIB)
      expect(slowed).toBeLessThanOrEqual(16 * MIB)
      expect((await stored(here)).equals(bytes)).toBe(true)
      expect(await place.leftBytes()).toBe(0)
      await here.line.close()
    })

    it('sends all of it again where what is there was changed', async () => {
      await cutOff()
      await place.damageLeft()
      const here = await place.connect()

      await put(here)

      expect(here.line.bytesUp()).toBeGreaterThan(bytes.length)
      expect((await stored(here)).equals(bytes)).toBe(true)
      expect(await place.leftBytes()).toBe(0)
      await here.line.close()
    })

    it('never takes up what another body has left under the same name', async () => {
      await cutOff(other)
      const here = await place.connect()

      await put(here)

      expect((await stored(here)).equals(bytes)).toBe(true)
      await here.line.close()
    })

    it('gives no name to a body that is not as it was recorded, and mends what it has left', async () => {
      const here = await place.connect()

      const wrong = put(
        here,
        interrupted(other, () => undefined),
      )
      await expect(wrong).rejects.toThrow('not as it was recorded')
      expect(await here.destination.stat(NAME, signal)).toBeUndefined()
      await put(here)

      expect((await stored(here)).equals(bytes)).toBe(true)
      await here.line.close()
    })

    it('takes a finished body once more, and refuses another', async () => {
      const here = await place.connect()
      await put(here)
      const before = here.line.bytesUp()

      expect(await put(here)).toEqual({ bytes: bytes.length })
      const refused = put(here, pieces(other, 300_000), { known: knownOf(other) })

      await expect(refused).rejects.toMatchObject({ code: 'object.conflict' })
      expect(here.line.bytesUp() - before).toBeLessThan(MIB)
      expect((await stored(here)).equals(bytes)).toBe(true)
      expect(await place.leftBytes()).toBe(0)
      await here.line.close()
    })

    it('wins over an attempt that was given up and lives on, which harms nothing', async () => {
      const [lost, here] = [await place.connect(), await place.connect()]

      const attempt = put(
        lost,
        interrupted(bytes, () => put(here)),
      )

      await expect(attempt).rejects.toMatchObject({ code: 'destination.unavailable' })
      expect((await stored(here)).equals(bytes)).toBe(true)
      expect(await place.leftBytes()).toBe(0)
      await lost.line.close()
      await here.line.close()
    })

    it('leaves the right object, or none, whoever of several attempts at once is quicker', async () => {
      await cutOff()
      const lines = [await place.connect(), await place.connect(), await place.connect()]

      const outcomes = await Promise.allSettled(lines.map((line) => put(line)))
      const last = await place.connect()
      await put(last)

      for (const outcome of outcomes.filter(({ status }) => status === 'rejected'))
        expect(outcome).toMatchObject({ reason: { code: 'destination.unavailable' } })
      expect((await stored(last)).equals(bytes)).toBe(true)
      for (const { line } of [...lines, last]) await line.close()
    })
  })
}
