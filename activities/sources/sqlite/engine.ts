import { HoldfastError } from '../../../core/errors.js'
import type { Shell } from '../../services/driver.js'
import { nodeEngine } from './node-engine.js'
import { programEngine } from './program-engine.js'

/** A program that is SQLite. It works in processes of its own: checking a big database takes minutes. */
export interface SqliteEngine {
  readonly version: string
  /** Reads all of the file. Fails with `source.damaged`, `database.conflict`, `source.denied`; `name`: of what, in messages. */
  check(file: string, how: CheckMode, name?: string): Promise<void>
  /**
   * Copies one consistent state of a database that others may write to meanwhile, page by page, and returns the number of
   * its tables. Fails as `check` does.
   */
  copy(file: string, copy: CopyPlace): Promise<number>
}

/** `live`: others may use it. `still`: a copy of ours, which is neither locked nor changed. */
export type CheckMode = 'live' | 'still'

/** A folder of ours, and a plain name inside: SQLite's commands have quoting rules of their own, which no path may meet. */
export interface CopyPlace {
  readonly folder: string
  readonly name: string
}

/** The `sqlite3` program; else the SQLite that Node itself carries. Fails with `source.tool-missing`. */
export async function findEngine(shell: Shell, signal: AbortSignal): Promise<SqliteEngine> {
  const engine = (await programEngine(shell, signal)) ?? (await nodeEngine(shell, process.execPath, signal))
  if (engine) return engine
  throw new HoldfastError('source.tool-missing', 'Program "sqlite3" was not found on this host.', {
    hint: 'Install it (on Debian, apt-get install sqlite3), or run Holdfast with Node 24, which carries SQLite.',
  })
}
