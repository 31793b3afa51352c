import { readFile } from 'node:fs/promises'
import type { Shell } from '../../activities/services/driver.js'
import { createHostShell } from '../../activities/services/shell.js'
import type { SourceContext } from '../../activities/sources/driver.js'

interface Given {
  readonly scratchFolder: string
  readonly sourceName?: string
  /** By place: `docker:db`. The host is always there, unless it is given here as ''. */
  readonly shells?: Readonly<Record<string, Shell>>
  readonly signal?: AbortSignal
}

/** The world as a source sees it: the real host, secrets from files and from our environment, no volumes. */
export const sourceContext = (given: Given): SourceContext => ({
  sourceName: given.sourceName ?? 'item',
  shell: (place = '') => {
    const shell = given.shells?.[place] ?? (place === '' ? createHostShell(process.env) : undefined)
    if (shell === undefined) throw new Error(`No shell for ${place} in this test`)
    return shell
  },
  secrets: {
    resolve: async (reference) => {
      if ('file' in reference) return (await readFile(reference.file, 'utf8')).replace(/\n$/, '')
      if ('env' in reference) return process.env[reference.env] ?? ''
      throw new Error('No commands in these tests')
    },
  },
  signal: given.signal ?? new AbortController().signal,
  clock: () => new Date('2026-03-01T09:00:00Z'),
  volumePath: (volume) => Promise.reject(new Error(`No volume ${volume} in this test`)),
  scratchFolder: given.scratchFolder,
  progress: () => undefined,
})

/** A shell of another place, whose programs are found by its own PATH: a container, as far as a source can tell. */
export function placeWith(place: string, path: string): Shell {
  const shell = createHostShell({ ...process.env, PATH: path })
  return { ...shell, place }
}
