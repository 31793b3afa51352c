import { HoldfastError } from '../../../core/errors.js'
import type { Shell } from '../../services/driver.js'

/** Two families that grew apart: each dumps and restores its own server only. */
export type Flavour = 'MariaDB' | 'MySQL'

export interface MysqlTool {
  readonly program: string
  readonly flavour: Flavour
  /** As it says it: `10.11.19-MariaDB`. */
  readonly version: string
}

const PROGRAMS = { client: ['mariadb', 'mysql'], dump: ['mariadb-dump', 'mysqldump'] } as const
export type ToolPurpose = keyof typeof PROGRAMS

/** Those of the two names that there are. Which family a program belongs to is asked, not guessed from its name. */
export async function findTools(
  shell: Shell,
  purpose: ToolPurpose,
  signal: AbortSignal,
): Promise<readonly MysqlTool[]> {
  const found: MysqlTool[] = []
  for (const program of PROGRAMS[purpose]) {
    const tool = await versionOf(shell, program, signal)
    if (tool) found.push(tool)
  }
  return found
}

async function versionOf(shell: Shell, program: string, signal: AbortSignal): Promise<MysqlTool | undefined> {
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

/** `mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for …`, `mariadb from 11.4.2-MariaDB, …`, `mysqldump  Ver 8.0.36 for …` */
export function parseToolVersion(program: string, printed: string): MysqlTool | undefined {
  const [, version] = /(?:Distrib|from) (\d[^\s,]*)/.exec(printed) ?? /Ver (\d[^\s,]*)/.exec(printed) ?? []
  if (version === undefined) return undefined
  return { program, version, flavour: /mariadb/i.test(printed) ? 'MariaDB' : 'MySQL' }
}
