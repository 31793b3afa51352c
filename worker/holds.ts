import type { Log } from '../activities/log.js'
import type { Site } from '../core/site.js'
import { connectClient } from '../temporal/connection.js'
import type { HostHolds } from './bring-back.js'
import { settleLeaving } from './settle.js'
import { localTools, type LocalTools } from './tools.js'

export interface HandOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly clock: () => Date
  /** What goes wrong beside, in a sentence for people. */
  readonly onTrouble: (message: string) => void
}

/** The tools of a process that is no worker: what they log is said to a person. */
export const handTools = (site: Site, { environment, clock, onTrouble }: HandOptions): Promise<LocalTools> =>
  localTools(site, { environment, clock, log: spokenLog(onTrouble) })

/** What the agent needs to bring services back before it ends. */
export async function holdsOf(site: Site, options: HandOptions): Promise<HostHolds> {
  const tools = await handTools(site, options)
  return {
    heldServices: async () => (await tools.journal.list()).entries,
    connect: () => connectClient(site, tools),
    settle: () => settleLeaving(tools),
  }
}

function spokenLog(onTrouble: HandOptions['onTrouble']): Log {
  const say = (message: string, data: Readonly<Record<string, unknown>> = {}) => {
    const { error } = data
    onTrouble(`${message}${error instanceof Error ? `: ${error.message}` : ''}`)
  }
  return { debug: () => undefined, info: () => undefined, warn: say, error: say }
}
