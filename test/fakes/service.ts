import type { ServiceDriver } from '../../activities/services/driver.js'
import type { ServiceRegistry } from '../../activities/tools.js'
import type { ServiceState } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { ObservedService } from '../../core/work/holds.js'

/** A container as Docker behaves, in memory. */
export interface FakeService {
  state: ServiceState | 'missing'
  startedAt: string
  health: ObservedService['health']
  /** What was done to it, oldest first. */
  readonly actions: string[]
}

export interface FakeServiceOptions {
  readonly state: ServiceState
  readonly clock: () => Date
  /** Called before and after each change: throw there to be killed at that point. */
  readonly step?: (name: string) => void
}

export function fakeService({ state, clock, step = () => undefined }: FakeServiceOptions): {
  readonly service: FakeService
  readonly services: ServiceRegistry
} {
  const service: FakeService = { state, startedAt: clock().toISOString(), health: undefined, actions: [] }
  const change = (to: ServiceState, action: string) => {
    step(`before ${action}`)
    service.actions.push(action)
    service.state = to
    if (action === 'start') service.startedAt = clock().toISOString()
    step(`after ${action}`)
  }
  const present = () => {
    if (service.state === 'missing')
      throw new HoldfastError('service.not-found', 'Container "web" does not exist.')
    return service.state
  }
  const driver: ServiceDriver = {
    resolve: async (name) => name,
    observe: async (name) => ({
      service: `docker:${name}`,
      state: present(),
      startedAt: service.startedAt,
      ...(service.health === undefined ? {} : { health: service.health }),
    }),
    stop: async (_name, { mode }, signal) => {
      signal.throwIfAborted()
      const now = present()
      if (mode === 'stop' && now !== 'stopped') change('stopped', 'stop')
      if (mode === 'pause' && now === 'running') change('paused', 'pause')
    },
    start: async () => {
      const now = present()
      if (now === 'stopped') change('running', 'start')
      if (now === 'paused') change('running', 'unpause')
    },
    shell: () => {
      throw new Error('This service has no shell.')
    },
  }
  return {
    service,
    services: {
      resolve: async (reference) => reference,
      find: async () => [],
      driver: () => ({ driver, name: 'web' }),
    },
  }
}
