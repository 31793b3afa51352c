import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Destination } from '../../../activities/destinations/driver.js'
import { createThrottle, throttled } from '../../../activities/destinations/throttle.js'
import { fakeDestination } from '../../fakes/destination.js'

const MIB = 2 ** 20
const KIB = 2 ** 10
const { signal } = new AbortController()
const world = {
  clock: () => new Date(),
  sleep: (milliseconds: number, until: AbortSignal) => delay(milliseconds, undefined, { signal: until }),
}

/** A clock that moves only when somebody waits, and waits that end in the order of their times. */
function virtualWorld() {
  let now = 0
  const waiting: { until: number; wake: () => void }[] = []
  const wakeNext = () => {
    waiting.sort((one, other) => one.until - other.until)
    const next = waiting.shift()
    if (!next) return
    now = Math.max(now, next.until)
    next.wake()
  }
  return {
    now: () => now,
    clock: () => new Date(now),
    sleep: (milliseconds: number) =>
      new Promise<void>((wake) => {
        waiting.push({ until: now + milliseconds, wake })
        setImmediate(wakeNext)
      }),
  }
}

test('uploads at the same time share one rate, and get all of it', async () => {
  const virtual = virtualWorld()
  const disk = throttled(fakeDestination(), { upload: createThrottle(MIB, virtual) })
  const body = () => Readable.from(Array.from({ length: 8 }, () => Buffer.alloc(128 * KIB)))

  await Promise.all([disk.put('a', body(), { signal }), disk.put('b', body(), { signal })])

  // 2 MiB at 1 MiB/s, less what passes at once.
  expect(virtual.now()).toBeGreaterThan(1650)
  expect(virtual.now()).toBeLessThan(1900)
})

test('the rate is kept by a real clock, too', async () => {
  const disk = throttled(fakeDestination(), { download: createThrottle(MIB, world) })
  await disk.put('a', Readable.from([Buffer.alloc(MIB / 2)]), { signal })

  const begun = performance.now()
  const bytes = await (await disk.get('a', { signal })).toArray()

  // Half a second, less what passes at once. However busy the machine is, it is never faster.
  expect(performance.now() - begun).toBeGreaterThan(240)
  expect(Buffer.concat(bytes as Buffer[])).toHaveLength(MIB / 2)
})

test('an upload whose body fails fails with it, and leaves nothing', async () => {
  const fake = fakeDestination()
  const disk = throttled(fake, { upload: createThrottle(MIB, world) })
  const body = Readable.from(
    (async function* () {
      yield Buffer.alloc(10)
      throw new Error('The dump broke off.')
    })(),
  )

  await expect(disk.put('a', body, { signal })).rejects.toThrow('The dump broke off.')

  expect(fake.objects.size).toBe(0)
})

test('who waits for the rate can be cancelled', async () => {
  const stop = new AbortController()
  const disk = throttled(fakeDestination(), { upload: createThrottle(10, world) })
  const upload = disk.put('a', Readable.from([Buffer.alloc(MIB)]), { signal: stop.signal })

  stop.abort()

  await expect(upload).rejects.toThrow()
})

test('an upload that may go on is given the rates, not a body that is slow already', async () => {
  const upload = createThrottle(10, world)
  const given: unknown[] = []
  const fake: Destination = {
    ...fakeDestination(),
    putResumable: async (_, body, { throttles }) => {
      given.push(throttles)
      return { bytes: Buffer.concat((await body.toArray()) as Buffer[]).length }
    },
  }
  const known = { bytes: MIB, sha256: '' }

  const stored = await throttled(fake, { upload }).putResumable?.('a', Readable.from([Buffer.alloc(MIB)]), {
    known,
    signal,
  })

  expect(stored).toEqual({ bytes: MIB })
  expect(given).toEqual([{ upload }])
  expect(throttled(fakeDestination(), { upload })).not.toHaveProperty('putResumable')
})
