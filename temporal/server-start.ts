import { once } from 'node:events'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import type { TemporalCli } from './cli-binary.js'
import { writeJsonFile } from './json-file.js'
import { lastLines, openLog, rotateLog } from './log-file.js'
import { takePidFile } from './pid-lock.js'
import { choosePorts, type Ports } from './ports.js'
import { endProcess, processIdentity } from './processes.js'
import { flockProgram, LOCKED_EXIT_CODE, spawnServer } from './server-process.js'
import { becomesReady } from './server-ready.js'
import { recordServer, type ServerRecord } from './server-record.js'

/** Somebody may take a port between our look and its use. */
const MAX_STARTS = 3
const LAST_WORDS = 5

export interface EmbeddedOptions {
  readonly stateDir: string
  readonly cli: TemporalCli
  readonly environment: NodeJS.ProcessEnv
  /** Gives up starting; a server that runs is ended by `stop`. */
  readonly signal: AbortSignal
}

export interface StartedServer {
  readonly record: ServerRecord
  /** Resolves when it has ended, asked for or not. */
  readonly ended: Promise<void>
}

/** A file of its own for each version of the CLI: the schema inside is never migrated. */
export const databaseFile = (stateDir: string, cliVersion: string): string =>
  join(stateDir, 'temporal', `${cliVersion}.db`)

export const serverLog = (stateDir: string): string => join(stateDir, 'logs', 'temporal.log')

/** Where there is no flock(1), the database is guarded by a file that names the server's process. */
export const databasePidFile = (stateDir: string, cliVersion: string): string =>
  `${databaseFile(stateDir, cliVersion)}.pid`

/** Resolves when the server is ready for us. Fails with `temporal.failed`, with what it said last. */
export async function startServer(options: EmbeddedOptions): Promise<StartedServer> {
  for (let start = 1; ; start++) {
    const ports = await choosePorts(options.stateDir)
    const attempt = await attemptStart(options, ports)
    if ('record' in attempt) return attempt
    if (start === MAX_STARTS || attempt.isFinal) throw attempt.error
  }
}

interface FailedStart {
  readonly error: HoldfastError
  /** Another try gives the same. */
  readonly isFinal: boolean
}

async function attemptStart(options: EmbeddedOptions, ports: Ports): Promise<StartedServer | FailedStart> {
  const { stateDir, cli, environment, signal } = options
  const database = databaseFile(stateDir, cli.version)
  const pidFile = databasePidFile(stateDir, cli.version)
  const hasFlock = flockProgram(environment) !== undefined
  if (!hasFlock && (await takePidFile(pidFile, ownIdentity())) !== undefined) return inUse(database)

  const logFile = serverLog(stateDir)
  await rotateLog(logFile)
  const log = openLog(logFile)
  const logStart = (await stat(logFile)).size
  const child = spawnServer({
    cli,
    ports,
    databaseFile: database,
    environment,
    logDescriptor: log.descriptor,
  })
  log.close()
  // It must not keep us alive, nor be waited for: `stop` ends it, and a server that we cannot end stays behind.
  child.unref()
  const ended = once(child, 'exit')
    .catch(() => undefined)
    .then(() => (hasFlock ? undefined : rm(pidFile, { force: true })))
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid)
  if (identity !== undefined) {
    const record = { ...identity, cliVersion: cli.version, ports }
    await recordServer(stateDir, record)
    if (!hasFlock) await writeJsonFile(pidFile, identity)
    if (await becomesReady(record, isRunning, signal)) return { record, ended }
  }
  const isTooSlow = isRunning()
  if (identity !== undefined) await endProcess(identity, { graceMs: 0, scope: 'group' })
  await ended
  if (child.exitCode === LOCKED_EXIT_CODE) return inUse(database)
  signal.throwIfAborted()
  return { error: failedStart(logFile, await lastLines(logFile, LAST_WORDS, logStart)), isFinal: isTooSlow }
}

const ownIdentity = () => processIdentity(process.pid) ?? { pid: process.pid, startTime: '' }

const inUse = (database: string): FailedStart => ({
  error: new HoldfastError('temporal.failed', `Another Temporal server uses the database ${database}.`, {
    hint: `End it (\`fuser ${database}\` names its process), or set another \`stateDir\` in holdfast.yaml.`,
  }),
  isFinal: true,
})

const failedStart = (logFile: string, lastWords: string): HoldfastError =>
  new HoldfastError(
    'temporal.failed',
    `The embedded Temporal server did not start: ${lastWords || 'it said nothing'}.`,
    {
      hint: `Its log is ${logFile}. When its database is damaged, move that away and run \`holdfast plan apply\`: no backup is in it.`,
    },
  )
