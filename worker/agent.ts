import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { readAgentState, readLiveAgent, removeAgentState, type AgentState } from '../temporal/agent-state.js'
import { ensureTemporalCli } from '../temporal/cli-binary.js'
import { endOrphanedServer } from '../temporal/embedded.js'
import { lastLines, openLog, rotateLog } from '../temporal/log-file.js'
import { packageRoot } from '../temporal/package-root.js'
import { endProcess, isAlive, waitUntilGone } from '../temporal/processes.js'
import type { AgentEvent } from './agent-events.js'
import { agentLogs, alreadyRunning } from './agent-record.js'

/** Services that come back, then the workers and Temporal in their order: each of these waits is bounded, and this is more than all. */
const STOP_WITHIN_MS = 4 * 60_000
const ORPHAN_GRACE_MS = 10_000
/** Without an external server that is away, it takes 3 to 10 seconds. */
const READY_WITHIN_MS = 90_000
const POLL_INTERVAL_MS = 100
const LAST_WORDS = 12

export interface AgentStatus {
  /** `killed`: it left its record behind, and perhaps processes. */
  readonly state: 'not-running' | 'starting' | 'ready' | 'stopping' | 'killed'
  readonly agent?: Omit<AgentState, 'children'>
  readonly workers: readonly {
    readonly name: string
    readonly pid: number
    readonly state: 'ready' | 'starting' | 'gone'
  }[]
}

/** What is known of this machine's agent without asking Temporal. */
export async function agentStatus(site: Site): Promise<AgentStatus> {
  const found = await readAgentState(site.stateDir)
  if (found === undefined) return { state: 'not-running', workers: [] }
  const { children, ...agent } = found
  return {
    state: isAlive(found) ? found.phase : 'killed',
    agent,
    workers: children.map((child) => ({
      name: child.name,
      pid: child.pid,
      state: !isAlive(child) ? 'gone' : child.isReady ? 'ready' : 'starting',
    })),
  }
}

/**
 * Asks the agent to stop in order, and waits until it is gone; or ends what a killed one left behind. Fails with
 * `agent.not-running` when there is nothing to stop.
 */
export async function stopAgent(site: Site): Promise<{ readonly pid: number; readonly wasKilled: boolean }> {
  const agent = await readAgentState(site.stateDir)
  if (agent === undefined || !isAlive(agent)) return cleanUp(site, agent)
  process.kill(agent.pid, 'SIGTERM')
  if (!(await waitUntilGone(agent, STOP_WITHIN_MS))) {
    throw new HoldfastError('agent.running', `The agent (pid ${agent.pid}) does not stop.`, {
      hint: `See ${agentLogs(site.stateDir).up}; \`kill -9 ${agent.pid}\` and \`holdfast down\` end it without order.`,
    })
  }
  return { pid: agent.pid, wasKilled: false }
}

async function cleanUp(
  site: Site,
  agent: AgentState | undefined,
): Promise<{ pid: number; wasKilled: boolean }> {
  const orphans = (agent?.children ?? []).filter(isAlive)
  await Promise.all(orphans.map((orphan) => endProcess(orphan, { graceMs: ORPHAN_GRACE_MS, scope: 'group' })))
  const hadServer = await endOrphanedServer(site.stateDir)
  await removeAgentState(site.stateDir)
  if (agent === undefined && !hadServer) {
    throw new HoldfastError('agent.not-running', 'No agent runs on this machine.', {
      hint: '`holdfast up` starts one.',
    })
  }
  return { pid: agent?.pid ?? 0, wasKilled: true }
}

export interface DetachOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly onEvent: (event: AgentEvent) => void
  /** What the agent's process is. Default: `holdfast up`. */
  readonly argv?: readonly [program: string, ...args: string[]]
}

/**
 * Starts the agent as a process of its own, and resolves when both workers are ready. Fails with what the agent said when
 * it ends before, with `agent.running`, and with `temporal.unreachable` when it runs and waits for a server.
 */
export async function startDetached(site: Site, options: DetachOptions): Promise<AgentState> {
  const { environment, onEvent } = options
  const other = await readLiveAgent(site.stateDir)
  if (other !== undefined) throw await alreadyRunning(site.stateDir, other.pid)
  // Here, where somebody sees the progress: it may take minutes.
  if (site.temporal === undefined) {
    await ensureTemporalCli({ environment, onProgress: (message) => onEvent({ type: 'progress', message }) })
  }
  const file = agentLogs(site.stateDir).up
  await rotateLog(file)
  const log = openLog(file)
  const logStart = (await stat(file)).size
  const [program, ...args] = options.argv ?? agentProgram(site)
  const child = spawn(program, args, {
    detached: true,
    env: environment,
    stdio: ['ignore', log.descriptor, log.descriptor],
  })
  log.close()
  child.unref()
  let hasEnded = false
  void once(child, 'exit').then(
    () => (hasEnded = true),
    () => (hasEnded = true),
  )
  const state = await whenReady(site, () => hasEnded)
  if (state !== undefined) return state
  throw hasEnded
    ? endedAtOnce(await lastLines(file, LAST_WORDS, logStart), file)
    : stillWaiting(site, child.pid)
}

const agentProgram = (site: Site): readonly [string, ...string[]] => [
  process.execPath,
  join(packageRoot(), 'bin', 'run.js'),
  ...['up', '--config', site.configFile],
]

async function whenReady(site: Site, hasEnded: () => boolean): Promise<AgentState | undefined> {
  for (let poll = 0; poll < READY_WITHIN_MS / POLL_INTERVAL_MS && !hasEnded(); poll++) {
    const state = await readLiveAgent(site.stateDir)
    if (state?.phase === 'ready') return state
    await delay(POLL_INTERVAL_MS)
  }
  return undefined
}

const endedAtOnce = (lastWords: string, file: string): HoldfastError =>
  new HoldfastError('temporal.failed', `The agent did not start. It said:\n${lastWords || '(nothing)'}`, {
    hint: `All it said is in ${file}; \`holdfast up\` without --detach shows it as it happens.`,
  })

const stillWaiting = (site: Site, pid: number | undefined): HoldfastError =>
  new HoldfastError(
    'temporal.unreachable',
    `The agent (pid ${pid}) runs, but its workers are not ready${site.temporal === undefined ? '' : `: they wait for Temporal at ${site.temporal.address}`}.`,
    {
      hint: `It goes on trying, and \`holdfast status\` shows when it is ready. What the workers say is in ${agentLogs(site.stateDir).control}; \`holdfast down\` stops it.`,
    },
  )
