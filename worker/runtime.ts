import { makeTelemetryFilterString, Runtime } from '@temporalio/worker'
import type { Log } from '../activities/log.js'
import { createSdkLogger } from './sdk-logger.js'

/**
 * Once per process, before anything else of the SDK: its logs go where ours go, and signals are ours to handle. Returned is its
 * end: without that, a process whose workers never connected would live on.
 */
export function installRuntime(log: Log, clock: () => Date): () => Promise<void> {
  const runtime = Runtime.install({
    shutdownSignals: [],
    logger: createSdkLogger(log, clock),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
  })
  return () => runtime.shutdown()
}
