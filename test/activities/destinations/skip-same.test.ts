import fc from 'fast-check'
import { skipSame } from '../../../activities/destinations/skip-same.js'
import { collect, noise, pieces } from '../pipeline/bytes.js'

const body = noise(5000)

test('what is the same is counted, and the rest of the body follows, however both are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        size: fc.integer({ min: 0, max: body.length }),
        storedBytes: fc.integer({ min: 0, max: body.length + 100 }),
        changedAt: fc.option(fc.integer({ min: 0, max: body.length - 1 }), { nil: undefined }),
        chunk: fc.integer({ min: 1, max: 2000 }),
        storedChunk: fc.integer({ min: 1, max: 2000 }),
      }),
      async ({ size, storedBytes, changedAt, chunk, storedChunk }) => {
        const whole = body.subarray(0, size)
        const stored = Buffer.concat([body, Buffer.alloc(100)]).subarray(0, storedBytes)
        if (changedAt !== undefined && changedAt < stored.length) stored[changedAt]! ^= 1
        const equal = Math.min(size, storedBytes, changedAt ?? Infinity)

        const { same, rest } = await skipSame(pieces(whole, chunk), pieces(stored, storedChunk))

        expect(same).toBeLessThanOrEqual(equal)
        // Found within one piece of both.
        expect(same).toBeGreaterThanOrEqual(equal - Math.min(chunk, storedChunk))
        expect((await collect(rest)).equals(whole.subarray(same))).toBe(true)
      },
    ),
  )
})

test('a body that fails while it is compared fails with its own error', async () => {
  const failing = async function* (): AsyncGenerator<Buffer, void, undefined> {
    yield body.subarray(0, 10)
    throw new Error('the spool broke')
  }

  await expect(skipSame(failing(), pieces(body, 100))).rejects.toThrow('the spool broke')
})
