import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../core/errors.js'
import type { StartResult } from '../../core/work/holds.js'
import type { ServiceDriver } from '../services/driver.js'

const POLL_MS = 250

/**
 * Waits until the service runs and, where there is a health check, is healthy. Not healthy in time is an answer; a service
 * that has ended again was not started: `service.start-failed`.
 */
export async function awaitHealth(service: {
  readonly driver: ServiceDriver
  readonly name: string
  readonly healthyWithinMs: number
  readonly signal: AbortSignal
}): Promise<StartResult['health']> {
  const { driver, name, healthyWithinMs, signal } = service
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const { service: reference, state, health } = await driver.observe(name, signal)
    if (state === 'stopped') {
      throw new HoldfastError('service.start-failed', `${reference} was started, and has ended again.`, {
        hint: 'Look at its log; Holdfast tries again until it stays up.',
      })
    }
    if (state === 'running' && (health === undefined || health === 'healthy')) return 'ok'
    if (waitedMs >= healthyWithinMs) return 'unhealthy'
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}
