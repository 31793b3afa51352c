import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentTemporal } from './agent-state.js'
import { DEFAULT_NAMESPACE } from './connection.js'
import { endProcess, isAlive, type ProcessIdentity } from './processes.js'
import { addressOf, answers, becomesReady } from './server-ready.js'
import { forgetServer, readServer, type ServerRecord } from './server-record.js'
import { databasePidFile, startServer, type EmbeddedOptions, type StartedServer } from './server-start.js'

/** What it was told is safe in its database already. */
const STOP_GRACE_MS = 10_000
/** One that does not answer will hardly end in order. */
const HUNG_GRACE_MS = 2000
const WATCH_INTERVAL_MS = 500

export interface EmbeddedServer extends AgentTemporal {
  readonly process: ProcessIdentity
  /** It ran already: the agent that started it was killed. */
  readonly wasAdopted: boolean
  /** Resolves when it has ended, asked for or not. */
  readonly ended: Promise<void>
  readonly stop: () => Promise<void>
}

/**
 * Runs Temporal for this machine alone: loopback only, its database under the state folder. Resolves when the namespace
 * answers and has our search attributes. Adopts the server that a killed agent left behind, or ends it when it does
 * not answer. Fails with `temporal.failed`, also when another server uses the database.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  await mkdir(join(options.stateDir, 'temporal'), { recursive: true, mode: 0o700 })
  const { stateDir } = options
  const adopted = await adoptServer(options)
  const { record, ended } = adopted ?? (await startServer(options))
  return {
    kind: 'embedded',
    address: addressOf(record.ports),
    namespace: DEFAULT_NAMESPACE,
    uiAddress: `http://127.0.0.1:${record.ports.ui}`,
    process: { pid: record.pid, startTime: record.startTime },
    wasAdopted: adopted !== undefined,
    ended,
    stop: () => endServer(stateDir, record),
  }
}

/** Ends the server that a killed agent left behind. Resolves with whether there was one. */
export async function endOrphanedServer(stateDir: string): Promise<boolean> {
  const record = await readServer(stateDir)
  if (record === undefined) return false
  const wasAlive = isAlive(record)
  await endServer(stateDir, record)
  return wasAlive
}

async function adoptServer({ stateDir, cli, signal }: EmbeddedOptions): Promise<StartedServer | undefined> {
  const record = await readServer(stateDir)
  if (record === undefined || !isAlive(record)) return undefined
  if (record.cliVersion === cli.version && (await answers(record))) {
    if (await becomesReady(record, () => isAlive(record), signal)) return { record, ended: whenGone(record) }
  }
  await endServer(stateDir, record, HUNG_GRACE_MS)
  return undefined
}

async function endServer(stateDir: string, record: ServerRecord, graceMs = STOP_GRACE_MS): Promise<void> {
  await endProcess(record, { graceMs, scope: 'group' })
  await rm(databasePidFile(stateDir, record.cliVersion), { force: true })
  await forgetServer(stateDir)
}

/** For a process that is no child of ours. */
async function whenGone(identity: ProcessIdentity): Promise<void> {
  while (isAlive(identity)) await delay(WATCH_INTERVAL_MS, undefined, { ref: false })
}
