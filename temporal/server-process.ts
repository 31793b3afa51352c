import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { searchAttributes } from '../core/messages.js'
import { cliEnvironment } from './cli-version.js'
import type { TemporalCli } from './cli-binary.js'
import { DEFAULT_NAMESPACE } from './connection.js'
import type { Ports } from './ports.js'

/** Exit code of flock(1) when another process has the lock; not one that the server uses. */
export const LOCKED_EXIT_CODE = 75

/** A server that was killed holds it until the last of its threads is gone, which is after its process has become a zombie. */
const LOCK_WAIT_SECONDS = 2

export interface ServerSettings {
  readonly cli: TemporalCli
  readonly ports: Ports
  readonly databaseFile: string
  readonly environment: NodeJS.ProcessEnv
  /** File descriptor for what it says. A file and no pipe: it must outlive us when we are killed. */
  readonly logDescriptor: number
}

/** Starts the server in a process group of its own: Ctrl-C in the terminal is for us alone, and we stop it last. */
export function spawnServer(settings: ServerSettings): ChildProcess {
  const { cli, environment, logDescriptor, databaseFile } = settings
  const lock = flockProgram(environment)
  const server = [cli.path, ...serverArguments(settings)]
  // flock becomes the server (--no-fork): the lock lasts exactly as long as the process, and its pid is the server's.
  const [program = cli.path, ...argv] =
    lock === undefined
      ? server
      : [
          lock,
          '--no-fork',
          `--timeout=${LOCK_WAIT_SECONDS}`,
          `--conflict-exit-code=${LOCKED_EXIT_CODE}`,
          `${databaseFile}.lock`,
          ...server,
        ]
  // The database is for nobody else to read; the server knows no option for that, and inherits ours.
  const umask = process.umask(0o077)
  try {
    return spawn(program, argv, {
      env: cliEnvironment(environment),
      detached: true,
      stdio: ['ignore', logDescriptor, logDescriptor],
    })
  } finally {
    process.umask(umask)
  }
}

/** Two servers on one file both start, and corrupt each other's work. */
export function flockProgram(environment: NodeJS.ProcessEnv): string | undefined {
  const candidates = (environment['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'flock'))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function serverArguments({ ports, databaseFile }: ServerSettings): string[] {
  const attributes = Object.values(searchAttributes).flatMap((name) => [
    '--search-attribute',
    `${name}=Keyword`,
  ])
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--ui-ip', '127.0.0.1'],
    ...['--port', String(ports.frontend), '--ui-port', String(ports.ui)],
    ...['--http-port', String(ports.http), '--metrics-port', String(ports.metrics)],
    ...['--db-filename', databaseFile, '--namespace', DEFAULT_NAMESPACE],
    ...['--log-format', 'json', '--log-level', 'warn', '--color', 'never', '--ui-disable-news-fetch'],
    // A power cut must not take back what a workflow was told: the default of SQLite in this server is to sync rarely.
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
    ...['--dynamic-config-value', 'limit.maxIDLength=255'],
    ...attributes,
  ]
}
