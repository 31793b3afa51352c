import type { ServiceDriver } from '../../activities/services/driver.js'

export interface ServiceHarness {
  driver(): ServiceDriver
  /** A running service, by its canonical name. */
  make(nature?: { readonly stopSeconds?: number }): Promise<string>
  /** How often it was started, as the service itself knows. */
  starts(name: string): Promise<number>
  readonly canPause: boolean
}

const signal = new AbortController().signal
const stop = { mode: 'stop', timeoutMs: 10_000 } as const
const pause = { mode: 'pause', timeoutMs: 10_000 } as const

/** What every runtime of services promises. */
export function describeServiceDriver(name: string, harness: ServiceHarness): void {
  describe(`service driver: ${name}`, () => {
    const stateOf = async (service: string) => (await harness.driver().observe(service, signal)).state

    test('resolves a name to itself', async () => {
      const service = await harness.make()

      expect(await harness.driver().resolve(service, signal)).toBe(service)
    })

    test('says of a service that is not there that it is not there', async () => {
      const driver = harness.driver()

      const missing = { code: 'service.not-found', hint: expect.any(String) as string }
      await expect(driver.resolve('no-such-service', signal)).rejects.toMatchObject(missing)
      await expect(driver.observe('no-such-service', signal)).rejects.toMatchObject(missing)
      await expect(driver.stop('no-such-service', stop, signal)).rejects.toMatchObject(missing)
      await expect(driver.start('no-such-service', { mode: 'stop' }, signal)).rejects.toMatchObject(missing)
    })

    test('stops a service and starts it again', async () => {
      const service = await harness.make()
      const before = await harness.driver().observe(service, signal)

      await harness.driver().stop(service, stop, signal)
      const stopped = await stateOf(service)
      await harness.driver().start(service, { mode: 'stop' }, signal)
      const after = await harness.driver().observe(service, signal)

      expect([before.state, stopped, after.state]).toEqual(['running', 'stopped', 'running'])
      expect(await harness.starts(service)).toBe(2)
      if (before.startedAt !== undefined)
        expect(Date.parse(after.startedAt ?? '')).toBeGreaterThan(Date.parse(before.startedAt))
    })

    test('asks for an end state: stopping what is stopped and starting what runs succeed, and do nothing', async () => {
      const service = await harness.make()

      await harness.driver().start(service, { mode: 'stop' }, signal)
      const startsWhileRunning = await harness.starts(service)
      await harness.driver().stop(service, stop, signal)
      await harness.driver().stop(service, stop, signal)

      expect(startsWhileRunning).toBe(1)
      expect(await stateOf(service)).toBe('stopped')
    })

    test('returns from a stop only when a service that takes its time has stopped', async () => {
      const service = await harness.make({ stopSeconds: 2 })
      const asked = Date.now()

      await harness.driver().stop(service, stop, signal)

      expect(Date.now() - asked).toBeGreaterThan(1500)
      expect(await stateOf(service)).toBe('stopped')
    })

    test('gives the reason of a cancellation', async () => {
      const service = await harness.make({ stopSeconds: 3 })
      const cancel = new AbortController()
      const stopping = harness.driver().stop(service, stop, cancel.signal)
      setTimeout(() => cancel.abort(new Error('the deadline')), 500)

      await expect(stopping).rejects.toThrow('the deadline')
    })

    if (!harness.canPause) {
      test('refuses to pause, and leaves the service as it is', async () => {
        const service = await harness.make()

        await expect(harness.driver().stop(service, pause, signal)).rejects.toMatchObject({
          code: 'service.invalid',
        })

        expect(await stateOf(service)).toBe('running')
      })
      return
    }

    test('pauses a service and lets it go on', async () => {
      const service = await harness.make()

      await harness.driver().stop(service, pause, signal)
      await harness.driver().stop(service, pause, signal)
      const paused = await stateOf(service)
      await harness.driver().start(service, { mode: 'pause' }, signal)
      await harness.driver().start(service, { mode: 'pause' }, signal)

      expect(paused).toBe('paused')
      expect(await stateOf(service)).toBe('running')
      expect(await harness.starts(service)).toBe(1)
    })

    test('stops a paused service, and leaves a stopped one stopped when it shall be paused', async () => {
      const service = await harness.make()
      await harness.driver().stop(service, pause, signal)

      await harness.driver().stop(service, { mode: 'stop', timeoutMs: 1000 }, signal)
      const stopped = await stateOf(service)
      await harness.driver().stop(service, pause, signal)

      expect(stopped).toBe('stopped')
      expect(await stateOf(service)).toBe('stopped')
    })

    test('starts a paused service again after it was held by a stop', async () => {
      const service = await harness.make()
      await harness.driver().stop(service, pause, signal)

      await harness.driver().start(service, { mode: 'stop' }, signal)

      expect(await stateOf(service)).toBe('running')
    })
  })
}
