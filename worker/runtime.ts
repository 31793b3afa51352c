import { makeTelemetryFilterString, Runtime } from '@temporalio/worker'
import type { Log } from '../activities/log.js'

/**
 * Once per process, before anything else of the SDK: its logs go where ours go, and signals are ours to handle. Returned is its
 * end: without that, a process whose workers never connected would live on.
 */
export function installRuntime(log: Log): () => Promise<void> {
  const runtime = Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, data) => log[nameOf(level)](message, data),
      trace: (message, data) => log.debug(message, data),
      debug: (message, data) => log.debug(message, data),
      info: (message, data) => log.info(message, data),
      warn: (message, data) => log.warn(message, data),
      error: (message, data) => log.error(message, data),
    },
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
  })
  return () => runtime.shutdown()
}

const nameOf = (level: string): 'debug' | 'info' | 'warn' | 'error' => {
  const name = level.toLowerCase()
  return name === 'info' || name === 'warn' || name === 'error' ? name : 'debug'
}
