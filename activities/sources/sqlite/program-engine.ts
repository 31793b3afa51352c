import { pathToFileURL } from 'node:url'
import { HoldfastError } from '../../../core/errors.js'
import type { Shell } from '../../services/driver.js'
import type { CheckMode, CopyPlace, SqliteEngine } from './engine.js'
import { BUSY_TIMEOUT_MS, damaged, needsRecovery, sqliteFailure } from './failures.js'

/** The `sqlite3` program of this host; undefined where there is none. */
export async function programEngine(shell: Shell, signal: AbortSignal): Promise<SqliteEngine | undefined> {
  const printed = await shell.run(['sqlite3', '--version'], { signal }).catch((error: unknown) => {
    if (error instanceof HoldfastError && error.code === 'source.tool-missing') return undefined
    throw error
  })
  if (printed === undefined) return undefined
  const run: Run = async (name, script) => {
    const { stdout } = await shell.run(
      [
        // -init: the user's own start-up file could print, or change what is read.
        ...['sqlite3', '-batch', '-bail', '-noheader', '-list', '-init', '/dev/null'],
        ...(script.access === 'read' ? ['-readonly'] : []),
        ...['-cmd', `.timeout ${BUSY_TIMEOUT_MS}`, script.address],
      ],
      {
        stdin: `${script.lines.join('\n')}\n`,
        signal,
        ...(script.folder === undefined ? {} : { workingFolder: script.folder }),
        onExit: (exit) => {
          throw sqliteFailure(name, exit.stderr)
        },
      },
    )
    return stdout.trim()
  }
  return {
    version: printed.stdout.split(' ')[0] ?? 'unknown',
    check: (file, how, name = file) => check(run, { file, name }, how),
    copy: (file, place) => copy(run, file, place),
  }
}

type Run = (name: string, script: Script) => Promise<string>

interface Script {
  readonly lines: readonly string[]
  /** Reading leaves a database's WAL where it is; a writing connection may move it into the database when it closes. */
  readonly access: 'read' | 'write'
  readonly folder?: string
  /** What is opened: a path, or a URI with options. */
  readonly address: string
}

async function check(
  run: Run,
  { file, name }: { file: string; name: string },
  how: CheckMode,
): Promise<void> {
  const found =
    how === 'still'
      ? await run(name, {
          lines: ['PRAGMA integrity_check(1);'],
          access: 'read',
          address: `${pathToFileURL(file).href}?immutable=1`,
        })
      : await run(name, { lines: ['PRAGMA quick_check(1);'], access: 'read', address: file })
  if (found !== 'ok') throw damaged(name, found)
}

async function copy(run: Run, file: string, { folder, name }: CopyPlace): Promise<number> {
  // The read transaction keeps one state: without it, SQLite's backup begins again after every commit of a writer.
  const lines = [
    'BEGIN;',
    `SELECT count(*) FROM sqlite_master WHERE type = 'table';`,
    `.backup main ${name}`,
    'COMMIT;',
  ]
  const printed = await run(file, { lines, access: 'read', address: file, folder }).catch(
    (error: unknown) => {
      if (!needsRecovery(error)) throw error
      return run(file, { lines, access: 'write', address: file, folder })
    },
  )
  return Number.parseInt(printed, 10) || 0
}
