import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { readAgentState, type AgentChild, type AgentTemporal } from '../temporal/agent-state.js'
import { ensureTemporalCli } from '../temporal/cli-binary.js'
import { DEFAULT_NAMESPACE } from '../temporal/connection.js'
import { startEmbedded } from '../temporal/embedded.js'
import { rotateLog } from '../temporal/log-file.js'
import { packageRoot } from '../temporal/package-root.js'
import { endProcess, isAlive } from '../temporal/processes.js'
import type { AgentEvent } from './agent-events.js'
import { agentLogs, claimAgent, type AgentRecord } from './agent-record.js'
import { startChild, type ChildProgram } from './child.js'
import { dataEnvironment } from './data-environment.js'
import { keepRunning, type KeptRunning } from './keep-running.js'
import { bringServicesBack, settleHolds, type BringBackOptions, type HostHolds } from './bring-back.js'

/** A data worker gives its activities 5 s, and 20 s more to end after they were told. */
const DATA_STOP_GRACE_MS = 30_000
/** A stop or a start is not left half done: it has a minute. */
const CONTROL_STOP_GRACE_MS = 70_000
const ORPHAN_GRACE_MS = 10_000
const UPKEEP_EVERY_MS = 10_000

const ROLES = ['control', 'data'] as const
export type WorkerName = (typeof ROLES)[number]

export interface AgentOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly clock: () => Date
  readonly onEvent: (event: AgentEvent) => void
  /** Stops the agent in order. */
  readonly signal: AbortSignal
  /** What a worker's process is. Default: `holdfast worker --role …`. */
  readonly workerArgv?: (role: WorkerName) => ChildProgram['argv']
  /** What is held when it stops. Default: the journal of the state folder, and the site's Temporal. */
  readonly holds?: HostHolds
  /** Pauses before restarts. Default: doubling, up to 30 seconds. */
  readonly delayMs?: (ends: number) => number
  /** How often logs are kept bounded, and what could not be recorded is tried again. Default: 10 seconds. */
  readonly upkeepEveryMs?: number
}

/**
 * Runs this machine's part until `signal` aborts: the embedded Temporal (unless the site names a server) and both
 * workers, each started again whenever it ends. Stops in order: data worker, control worker, Temporal. Ends what an
 * agent that was killed left behind. Fails with `agent.running`, and when Temporal does not start the first time; with
 * `agent.not-recorded`, after services came back, when it cannot write to the state folder.
 */
export async function runAgent(site: Site, options: AgentOptions): Promise<void> {
  const record = await claimed(site, options)
  const upkeep = setInterval(() => {
    void record.catchUp()
    void rotateLogs(site.stateDir)
  }, options.upkeepEveryMs ?? UPKEEP_EVERY_MS)
  const running: { name: string; kept: KeptRunning }[] = []
  try {
    await endOrphans(record.orphans, options)
    await startAll(site, options, record, running)
    await aborted(options.signal)
  } catch (error) {
    // Asked to stop while it was starting: that is no failure.
    if (!options.signal.aborted) throw error
  } finally {
    await stopAll(site, options, record, running)
    clearInterval(upkeep)
    await record.remove()
  }
}

async function claimed(site: Site, options: AgentOptions): Promise<AgentRecord> {
  const { clock, onEvent } = options
  const onBehind = (reason: string) => onEvent({ type: 'not-recorded', reason })
  try {
    return await claimAgent(site.stateDir, { startedAt: clock(), onBehind })
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'agent.not-recorded')
      await settleUnclaimed(site, options)
    throw error
  }
}

/** A disk may stay full for days: what an agent that was killed has held does not wait for that. */
async function settleUnclaimed(site: Site, options: AgentOptions): Promise<void> {
  await endOrphans((await readAgentState(site.stateDir))?.children ?? [], options)
  await settleHolds(await holdsFor(site, options))
}

type Parts = { name: string; kept: KeptRunning }[]

async function startAll(
  site: Site,
  options: AgentOptions,
  record: AgentRecord,
  running: Parts,
): Promise<void> {
  const restartWorkers = async () => {
    await Promise.all(running.filter(({ name }) => name !== 'temporal').map(({ kept }) => kept.restart()))
  }
  if (site.temporal === undefined) {
    const temporal = keepTemporal(site, options, record, restartWorkers)
    running.push({ name: 'temporal', kept: temporal })
    await temporal.started
  } else {
    const { address, namespace = DEFAULT_NAMESPACE } = site.temporal
    await record.update(() => ({ temporal: { kind: 'external', address, namespace } }))
    options.onEvent({ type: 'temporal-external', address, namespace })
  }
  for (const role of ROLES) {
    options.signal.throwIfAborted()
    const kept = keepWorker(site, role, options, record)
    running.push({ name: role, kept })
    await kept.started
  }
}

/** Loaded at the end only: it brings everything that activities need. */
async function holdsFor(site: Site, options: AgentOptions): Promise<BringBackOptions> {
  const { environment, holds, onEvent } = options
  return { ...(holds ?? (await (await import('./tools.js')).holdsOf(site, environment))), onEvent }
}

/** In this order, so that each can still say to the next what became of its work; services come back before all. */
async function stopAll(
  site: Site,
  options: AgentOptions,
  record: AgentRecord,
  running: Parts,
): Promise<void> {
  const { onEvent } = options
  onEvent({ type: 'stopping' })
  await record.update(() => ({ phase: 'stopping' }))
  const holds = await holdsFor(site, options)
  await bringServicesBack(holds)
  for (const name of ['data', 'control', 'temporal']) {
    if (name === 'temporal') await settleHolds(holds)
    for (const { kept } of running.filter((part) => part.name === name)) {
      await kept.stop()
      onEvent({ type: 'stopped', name })
    }
  }
}

function keepTemporal(
  site: Site,
  options: AgentOptions,
  record: AgentRecord,
  onMoved: () => Promise<void>,
): KeptRunning {
  const { stateDir } = site
  const { environment, clock, onEvent } = options
  let known: AgentTemporal | undefined
  return keepRunning({
    clock,
    ...(options.delayMs === undefined ? {} : { delayMs: options.delayMs }),
    start: async (signal) => {
      const giveUp = AbortSignal.any([signal, options.signal])
      const cli = await ensureTemporalCli({
        environment,
        signal: giveUp,
        onProgress: (message) => onEvent({ type: 'progress', message }),
      })
      const server = await startEmbedded({ stateDir, cli, environment, signal: giveUp })
      const { kind, address, namespace, uiAddress, wasAdopted, ended, stop } = server
      await record.update(() => ({
        temporal: { kind, address, namespace, ...(uiAddress === undefined ? {} : { uiAddress }) },
      }))
      onEvent({
        type: 'temporal-ready',
        address,
        wasAdopted,
        ...(uiAddress === undefined ? {} : { uiAddress }),
      })
      // Workers hold on to the address that they began with.
      if (known !== undefined && known.address !== address) void onMoved()
      known = server
      return { ended: ended.then(() => 'it ended by itself'), stop }
    },
    onEnded: ({ reason, restartInMs }) => onEvent({ type: 'ended', name: 'Temporal', reason, restartInMs }),
  })
}

function keepWorker(site: Site, role: WorkerName, options: AgentOptions, record: AgentRecord): KeptRunning {
  const { clock, onEvent } = options
  const program: ChildProgram = {
    name: role,
    argv: (options.workerArgv ?? workerProgram(site))(role),
    environment: role === 'data' ? dataEnvironment(options.environment) : options.environment,
    logFile: agentLogs(site.stateDir)[role],
    stopGraceMs: role === 'data' ? DATA_STOP_GRACE_MS : CONTROL_STOP_GRACE_MS,
  }
  return keepRunning({
    clock,
    ...(options.delayMs === undefined ? {} : { delayMs: options.delayMs }),
    start: () =>
      startChild(program, {
        onStarted: (identity) => {
          void recordWorker(record, { ...identity, name: role, isReady: false })
          onEvent({ type: 'worker-started', name: role, pid: identity.pid })
        },
        onReady: (identity) => {
          onEvent({ type: 'worker-ready', name: role, pid: identity.pid })
          void recordWorker(record, { ...identity, name: role, isReady: true }, onEvent)
        },
      }),
    onEnded: ({ reason, restartInMs }) =>
      onEvent({ type: 'ended', name: `Worker ${role}`, reason, restartInMs }),
  })
}

async function recordWorker(
  record: AgentRecord,
  child: AgentChild,
  onEvent: AgentOptions['onEvent'] = () => undefined,
): Promise<void> {
  let isReady = false
  await record.update(({ children, phase }) => {
    const others = children.filter(({ name }) => name !== child.name)
    const all = [...others, child]
    isReady =
      phase === 'starting' && ROLES.every((role) => all.some((one) => one.name === role && one.isReady))
    return { children: all, ...(isReady ? { phase: 'ready' } : {}) }
  })
  if (isReady) onEvent({ type: 'ready', pid: process.pid })
}

/** They end by themselves when their agent is gone, unless they hang. */
async function endOrphans(
  orphans: readonly AgentChild[],
  { onEvent }: Pick<AgentOptions, 'onEvent'>,
): Promise<void> {
  await Promise.all(
    orphans.filter(isAlive).map(async (orphan) => {
      await endProcess(orphan, { graceMs: ORPHAN_GRACE_MS, scope: 'group' })
      onEvent({ type: 'orphan-ended', name: `worker ${orphan.name}`, pid: orphan.pid })
    }),
  )
}

const workerProgram =
  (site: Site) =>
  (role: WorkerName): ChildProgram['argv'] => [
    process.execPath,
    join(packageRoot(), 'bin', 'run.js'),
    ...['worker', '--role', role, '--config', site.configFile],
  ]

async function rotateLogs(stateDir: string): Promise<void> {
  // A full disk must not end the agent: what it is for is to bring services back.
  await Promise.allSettled(Object.values(agentLogs(stateDir)).map((file) => rotateLog(file)))
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
