import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CaptureProgress } from '../core/work/capture.js'
import type { SourceContext } from './sources/driver.js'
import type { Tools } from './tools.js'

/** Two attempts of one source on one host never share a folder. */
const RANDOM_DIGITS = 12

/** What of the world drivers of sources need. */
export type SourceTools = Pick<Tools, 'site' | 'secrets' | 'clock' | 'random' | 'shell' | 'volumePath'>

/** The world as the driver of one source sees it, with a scratch folder of its own, which `dispose` removes. */
export async function makeSourceContext(
  tools: SourceTools,
  given: {
    readonly sourceName: string
    readonly signal: AbortSignal
    readonly progress?: (update: Partial<CaptureProgress>) => void
  },
): Promise<{ readonly context: SourceContext; dispose(): Promise<void> }> {
  const { sourceName, signal } = given
  const scratchFolder = join(tools.site.stateDir, 'scratch', `${sourceName}-${tools.random(RANDOM_DIGITS)}`)
  await mkdir(scratchFolder, { recursive: true, mode: 0o700 })
  return {
    context: {
      sourceName,
      signal,
      scratchFolder,
      secrets: tools.secrets,
      clock: tools.clock,
      shell: (place) => tools.shell(place),
      volumePath: (volume) => tools.volumePath(volume, signal),
      neverRead: [tools.site.stateDir, ...localFolders(tools.site)],
      progress: given.progress ?? (() => undefined),
    },
    dispose: () => rm(scratchFolder, { recursive: true, force: true }),
  }
}

/** Folders of this host in which backups rest. */
const localFolders = ({ destinations }: Tools['site']): string[] =>
  Object.values(destinations).flatMap((destination) =>
    destination.type === 'local' ? [destination.path] : [],
  )
