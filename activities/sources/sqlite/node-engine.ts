import { pathToFileURL } from 'node:url'
import { HoldfastError } from '../../../core/errors.js'
import type { Shell } from '../../services/driver.js'
import type { SqliteEngine } from './engine.js'
import { BUSY_TIMEOUT_MS, damaged, needsRecovery, sqliteFailure } from './failures.js'

/**
 * Runs in a Node of its own: its SQLite blocks the thread. Arguments: what to do, the address of the database, and where to
 * copy it, or how to check it. Fails where this Node carries no SQLite, or one without backup.
 */
const SCRIPT = `
  const { DatabaseSync, backup } = require('node:sqlite')
  if (backup === undefined) throw new Error('This Node has no backup for SQLite.')
  const [task, address, other] = process.argv.slice(1)
  const open = (readOnly) => {
    const database = new DatabaseSync(address ? new URL(address) : ':memory:', { readOnly })
    database.exec('PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}')
    return database
  }
  const first = (database, sql) => Object.values(database.prepare(sql).get())[0]
  const tasks = {
    version: async () => first(open(false), 'SELECT sqlite_version()'),
    check: async () => first(open(true), 'PRAGMA ' + other + '(1)'),
    copy: async (readOnly) => {
      const database = open(readOnly)
      database.exec('BEGIN')
      const tables = first(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table'")
      await backup(database, other)
      database.exec('COMMIT')
      database.close()
      return tables
    },
  }
  tasks.recover = () => tasks.copy(false)
  tasks[task](true).then(
    (answer) => console.log(String(answer)),
    (error) => {
      console.error(error.message)
      process.exitCode = 1
    },
  )`

/** The SQLite inside a Node program; undefined where it has none. */
export async function nodeEngine(
  shell: Shell,
  program: string,
  signal: AbortSignal,
): Promise<SqliteEngine | undefined> {
  const run = async (name: string, task: readonly string[]): Promise<string> => {
    const { stdout } = await shell.run([program, '-e', SCRIPT, '--', ...task], {
      // Its warning about being experimental is no failure of ours.
      environment: { NODE_NO_WARNINGS: '1' },
      signal,
      onExit: (exit) => {
        throw sqliteFailure(name, exit.stderr)
      },
    })
    return stdout.trim()
  }
  const version = await run('', ['version']).catch((error: unknown) => {
    if (error instanceof HoldfastError) return undefined
    throw error
  })
  if (version === undefined) return undefined
  return {
    version,
    check: async (file, how, name = file) => {
      const address = `${pathToFileURL(file).href}${how === 'still' ? '?immutable=1' : ''}`
      const found = await run(name, ['check', address, how === 'still' ? 'integrity_check' : 'quick_check'])
      if (found !== 'ok') throw damaged(name, found)
    },
    copy: async (file, { folder, name }) => {
      const places = [pathToFileURL(file).href, `${folder}/${name}`]
      const printed = await run(file, ['copy', ...places]).catch((error: unknown) => {
        if (!needsRecovery(error)) throw error
        return run(file, ['recover', ...places])
      })
      return Number.parseInt(printed, 10) || 0
    },
  }
}
