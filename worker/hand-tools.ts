import type { Log } from '../activities/log.js'
import type { Site } from '../core/site.js'
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

function spokenLog(onTrouble: HandOptions['onTrouble']): Log {
  const say = (message: string, data: Readonly<Record<string, unknown>> = {}) => {
    const { error } = data
    onTrouble(`${message}${error instanceof Error ? `: ${error.message}` : ''}`)
  }
  return { debug: () => undefined, info: () => undefined, warn: say, error: say }
}
