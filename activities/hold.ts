import { HoldfastError } from '../core/errors.js'
import type { ObservedService } from '../core/work/holds.js'
import type { ControlActivities } from './activities.js'
import { withHeartbeat } from './heartbeat.js'
import { startOwed } from './holds/start-owed.js'
import { stopWithEntry } from './holds/stop-with-entry.js'
import type { Tools } from './tools.js'

const LOOKS_AT_ONCE = 8

/** Stop and start of services, for guards. They heartbeat all the time and are never abandoned: see `withHeartbeat`. */
export const holdActivities = (tools: Tools): ControlActivities => ({
  observeService: (service) => withHeartbeat((signal) => observe(tools, service, signal)),

  observeServices: (services) =>
    withHeartbeat(async (signal) => {
      const seen: ObservedService[] = []
      for (let i = 0; i < services.length; i += LOOKS_AT_ONCE) {
        signal.throwIfAborted()
        const some = services.slice(i, i + LOOKS_AT_ONCE)
        const looks = await Promise.allSettled(some.map((service) => observe(tools, service, signal)))
        seen.push(...looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : [])))
      }
      return seen
    }),

  stopService: (request) =>
    withHeartbeat(async (signal) => {
      await tools.allowed.service(request.service)
      await requireStaying(tools, request.service)
      return stopWithEntry(tools, request, signal)
    }),

  // Not asked whether it is allowed: what we stopped we owe a start, also when the configuration was changed meanwhile.
  startService: (request) => withHeartbeat((signal) => startOwed(tools, request, signal)),

  raiseAlarm: (alarm) => withHeartbeat(() => tools.alarms.raise(alarm)),
  resolveAlarm: (cause) => tools.alarms.resolve(cause),
})

async function observe(tools: Tools, service: string, signal: AbortSignal): Promise<ObservedService> {
  await tools.allowed.service(service)
  const { driver, name } = tools.services.driver(service)
  return driver.observe(name, signal)
}

/** A stop that was begun already is brought to its end: its start is owed in any case. */
async function requireStaying(tools: Tools, service: string): Promise<void> {
  if (!(await tools.isLeaving()) || (await tools.journal.read(service)) !== undefined) return
  throw new HoldfastError(
    'agent.stopping',
    `${service} is not held: the agent of host "${tools.site.host}" is being stopped.`,
    { hint: 'It is tried again by itself; `holdfast up` starts the agent.' },
  )
}
