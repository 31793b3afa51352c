import fc from 'fast-check'
import { fullBucket, takeBytes } from '../../core/rate-limit.js'

const RATE = 1000

test('a full bucket lets a quarter of a second pass at once, and then keeps the rate', () => {
  const first = takeBytes(fullBucket(RATE, 0), { bytes: 250, rate: RATE, now: 0 })
  const second = takeBytes(first.bucket, { bytes: 500, rate: RATE, now: 0 })
  const third = takeBytes(second.bucket, { bytes: 500, rate: RATE, now: 0 })

  expect([first.waitMs, second.waitMs, third.waitMs]).toEqual([0, 500, 1000])
})

test('a clock that is set back makes nobody wait for an hour, and one set forward gives no hour away', () => {
  const { bucket } = takeBytes(fullBucket(RATE, 3_600_000), { bytes: 250, rate: RATE, now: 3_600_000 })

  const back = takeBytes(bucket, { bytes: 100, rate: RATE, now: 0 })
  const forward = takeBytes(bucket, { bytes: 1250, rate: RATE, now: 7_200_000 })

  expect(back.waitMs).toBe(100)
  expect(forward.waitMs).toBe(1000)
})

test('whoever waits as told passes no more than the rate, and loses next to none of it', () => {
  const takes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(takes, fc.integer({ min: 100, max: 10_000 }), (sizes, rate) => {
      let [bucket, now] = [fullBucket(rate, 0), 0]
      for (const bytes of sizes) {
        const taken = takeBytes(bucket, { bytes, rate, now })
        bucket = taken.bucket
        now += taken.waitMs
      }
      const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
      const exact = Math.max(0, (total / rate) * 1000 - 250)
      expect(now).toBeGreaterThan(exact - 0.001)
      expect(now).toBeLessThan(exact + 0.001)
    }),
  )
})
