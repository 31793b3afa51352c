// SQLite databases are read by SQLite: the `sqlite3` program, or the one that Node 24 carries.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { installPackage } from './debian.mjs'
import { run, step } from './steps.mjs'

/** The Node program to go on with: this one where SQLite is to be had, else a Node 24 of our own in the cache. */
export function nodeWithSqlite() {
  if (hasSqlite() || (installPackage('sqlite3') && hasSqlite())) return process.execPath
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast', 'node-24')
  const name = `node-${process.platform}-${process.arch}`
  const program = join(folder, 'node_modules', name, 'bin', 'node')
  if (!existsSync(program)) {
    step('Getting Node 24, which carries SQLite (this machine has no sqlite3)')
    run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error', `${name}@24`])
  }
  return program
}

function hasSqlite() {
  if (spawnSync('sqlite3', ['--version']).status === 0) return true
  return (
    spawnSync(process.execPath, ['-e', "process.exit(require('node:sqlite').backup ? 0 : 1)"]).status === 0
  )
}
