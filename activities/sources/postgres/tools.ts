import { readdir } from 'node:fs/promises'
import { HoldfastError } from '../../../core/errors.js'
import type { Shell } from '../../services/driver.js'

export type ToolName = 'psql' | 'pg_dump' | 'pg_dumpall' | 'pg_restore'

export interface PostgresTool {
  readonly program: string
  /** As it says it: `15.18`. */
  readonly version: string
  readonly major: number
}

/** Where Debian and the PostgreSQL project's packages put one version beside the other. */
const VERSIONED_FOLDERS = [
  { parent: '/usr/lib/postgresql', version: /^\d+$/, programs: 'bin' },
  { parent: '/usr', version: /^pgsql-\d+$/, programs: 'bin' },
]
/** More versions than this are not installed side by side; each costs a start of the program. */
const MAX_CANDIDATES = 12

/**
 * The versions of a tool in a place, looked for until one `isEnough`. On a host those of the packages come first: what Debian has
 * on PATH is a wrapper that chooses among them by rules of its own. Inside a container only the one on PATH counts.
 */
export async function findTools(
  shell: Shell,
  wanted: { name: ToolName; place: 'host' | 'service'; isEnough: (tool: PostgresTool) => boolean },
  signal: AbortSignal,
): Promise<readonly PostgresTool[]> {
  const { name, place, isEnough } = wanted
  const packaged = place === 'host' ? await versionedPaths(name) : []
  const found: PostgresTool[] = []
  for (const program of [...packaged.slice(0, MAX_CANDIDATES), name]) {
    const tool = await versionOf(shell, program, signal)
    if (tool) found.push(tool)
    if (tool && isEnough(tool)) break
  }
  return found
}

async function versionedPaths(name: ToolName): Promise<string[]> {
  const folders = await Promise.all(
    VERSIONED_FOLDERS.map(async ({ parent, version, programs }) => {
      const names = await readdir(parent).catch(() => [])
      return names.filter((entry) => version.test(entry)).map((entry) => `${parent}/${entry}/${programs}`)
    }),
  )
  const newestFirst = folders.flat().sort((one, other) => majorIn(other) - majorIn(one))
  return newestFirst.map((folder) => `${folder}/${name}`)
}

const majorIn = (folder: string): number => Number(/\d+/.exec(folder)?.[0] ?? 0)

async function versionOf(
  shell: Shell,
  program: string,
  signal: AbortSignal,
): Promise<PostgresTool | undefined> {
  try {
    const { stdout } = await shell.run([program, '--version'], { signal })
    return parseToolVersion(program, stdout)
  } catch (error) {
    signal.throwIfAborted()
    // One that is missing or cannot even say its version is no candidate; the caller says so when none is left.
    if (error instanceof HoldfastError && error.code.startsWith('source.')) return undefined
    throw error
  }
}

/** `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` */
export function parseToolVersion(program: string, printed: string): PostgresTool | undefined {
  const match = /\(PostgreSQL\) ((\d+)[.\w]*)/.exec(printed)
  const [, version, major] = match ?? []
  return version === undefined || major === undefined ? undefined : { program, version, major: Number(major) }
}

/**
 * The tool nearest to the server among those that are not older than `atLeast`. A newer one than needed would do for a dump,
 * but writes settings that an older server refuses when the dump is restored there.
 */
export function chooseTool(candidates: readonly PostgresTool[], atLeast: number): PostgresTool | undefined {
  return candidates
    .filter(({ major }) => major >= atLeast)
    .reduce<PostgresTool | undefined>(
      (best, tool) => (best === undefined || tool.major < best.major ? tool : best),
      undefined,
    )
}
