import type { SourceType } from '../schemas/sources.js'
import { makeSourceContext, type SourceTools } from './source-context.js'
import type { SourceContext, SourceDriver } from './sources/driver.js'
import type { sources } from './sources/registry.js'
import type { Tools } from './tools.js'

export type SourceDrivers = typeof sources

export interface DriverWork {
  readonly tools: Tools
  readonly drivers: SourceDrivers
  readonly signal: AbortSignal
}

/** Lets `work` use the driver of one source, in a context that is cleared away afterwards. */
export async function withDriver<T>(
  { tools, drivers, signal }: Omit<DriverWork, 'tools'> & { readonly tools: SourceTools },
  { sourceName, type }: { sourceName: string; type: SourceType },
  work: (driver: SourceDriver<SourceType>, context: SourceContext) => Promise<T>,
): Promise<T> {
  // The registry maps each type to its driver; the compiler cannot carry that through a variable.
  const driver = drivers[type] as SourceDriver<SourceType>
  const made = await makeSourceContext(tools, { sourceName, signal })
  try {
    return await work(driver, made.context)
  } finally {
    await made.dispose()
  }
}
