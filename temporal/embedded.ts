import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentTemporal } from './agent-state.js'
import { connectClientTo, DEFAULT_NAMESPACE, type TemporalTarget } from './connection.js'
import { prepareNamespace } from './namespace.js'
import type { Ports } from './ports.js'
import { endProcess, isAlive, type ProcessIdentity } from './processes.js'
import { forgetServer, readServer, type ServerRecord } from './server-record.js'
import { databasePidFile, startServer, type EmbeddedOptions } from './server-start.js'

/** It listens; its namespace follows within a second, on a busy machine later. */
const READY_WITHIN_MS = 30_000
const RETRY_INTERVAL_MS = 100
const ADOPT_WITHIN_MS = 5000
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
  const server = (await adoptServer(options)) ?? (await newServer(options))
  try {
    await makeReady(server.address, options.signal)
    return server
  } catch (error) {
    await server.stop()
    throw error
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

async function adoptServer({ stateDir, cli }: EmbeddedOptions): Promise<EmbeddedServer | undefined> {
  const record = await readServer(stateDir)
  if (record === undefined || !isAlive(record)) return undefined
  if (record.cliVersion === cli.version && (await answers(record.ports))) {
    return serverOf(stateDir, { record, ended: whenGone(record), wasAdopted: true })
  }
  await endServer(stateDir, record, HUNG_GRACE_MS)
  return undefined
}

const newServer = async (options: EmbeddedOptions): Promise<EmbeddedServer> =>
  serverOf(options.stateDir, { ...(await startServer(options)), wasAdopted: false })

function serverOf(
  stateDir: string,
  { record, ended, wasAdopted }: { record: ServerRecord; ended: Promise<void>; wasAdopted: boolean },
): EmbeddedServer {
  return {
    kind: 'embedded',
    address: addressOf(record.ports),
    namespace: DEFAULT_NAMESPACE,
    uiAddress: `http://127.0.0.1:${record.ports.ui}`,
    process: { pid: record.pid, startTime: record.startTime },
    wasAdopted,
    ended,
    stop: () => endServer(stateDir, record),
  }
}

async function endServer(stateDir: string, record: ServerRecord, graceMs = STOP_GRACE_MS): Promise<void> {
  await endProcess(record, { graceMs, scope: 'group' })
  await rm(databasePidFile(stateDir, record.cliVersion), { force: true })
  await forgetServer(stateDir)
}

const addressOf = (ports: Ports): string => `127.0.0.1:${ports.frontend}`

const targetOf = (address: string): TemporalTarget => ({
  kind: 'embedded',
  address,
  namespace: DEFAULT_NAMESPACE,
})

async function answers(ports: Ports): Promise<boolean> {
  try {
    const { close } = await connectClientTo(targetOf(addressOf(ports)), ADOPT_WITHIN_MS)
    await close()
    return true
  } catch {
    return false
  }
}

/** Right after it listens, the server answers that it does not know the namespace, or that it is not there yet. */
async function makeReady(address: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_WITHIN_MS)])
  for (;;) {
    try {
      const { client, close } = await connectClientTo(targetOf(address), ADOPT_WITHIN_MS)
      return await prepareNamespace(client.connection, DEFAULT_NAMESPACE).finally(close)
    } catch (error) {
      if (limit.aborted) throw error
      await delay(RETRY_INTERVAL_MS)
    }
  }
}

/** For a process that is no child of ours. */
async function whenGone(identity: ProcessIdentity): Promise<void> {
  while (isAlive(identity)) await delay(WATCH_INTERVAL_MS, undefined, { ref: false })
}
