import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import {
  agentFile,
  readAgentState,
  removeAgentState,
  writeAgentState,
  type AgentChild,
  type AgentState,
} from '../temporal/agent-state.js'
import { takePidFile } from '../temporal/pid-lock.js'
import { processIdentity } from '../temporal/processes.js'

/** This agent's own record: what the other commands of the machine know of it. */
export interface AgentRecord {
  /** Left by an agent that was killed; they may still run. */
  readonly orphans: readonly AgentChild[]
  update(change: (state: AgentState) => Partial<AgentState>): Promise<void>
  remove(): Promise<void>
}

/** Fails with `agent.running` when another agent of this state folder lives. */
export async function claimAgent(stateDir: string, startedAt: Date): Promise<AgentRecord> {
  const before = await readAgentState(stateDir)
  const own = processIdentity(process.pid)
  if (own === undefined) throw new Error('Impossible: this process is not there')
  let state: AgentState = {
    agentVersion: 1,
    ...own,
    phase: 'starting',
    startedAt: startedAt.toISOString(),
    children: [],
  }
  const other = await takePidFile(agentFile(stateDir), state)
  if (other !== undefined) throw await alreadyRunning(stateDir, other.pid)

  // One after another, so that an older state never replaces a newer one.
  let written = Promise.resolve()
  const enqueue = (work: () => Promise<void>): Promise<void> => (written = written.then(work, work))
  return {
    orphans: before?.children ?? [],
    update: (change) => {
      state = { ...state, ...change(state) }
      const next = state
      return enqueue(() => writeAgentState(stateDir, next))
    },
    remove: () => enqueue(() => removeAgentState(stateDir)),
  }
}

export async function alreadyRunning(stateDir: string, pid: number): Promise<HoldfastError> {
  const since = (await readAgentState(stateDir))?.startedAt
  return new HoldfastError(
    'agent.running',
    `The agent is running already: pid ${pid}${since === undefined ? '' : `, since ${since}`}.`,
    {
      hint: '`holdfast status` shows it, `holdfast down` stops it.',
      details: { pid, ...(since === undefined ? {} : { since }) },
    },
  )
}

export const agentLogs = (stateDir: string) => ({
  up: join(stateDir, 'logs', 'up.log'),
  control: join(stateDir, 'logs', 'control.log'),
  data: join(stateDir, 'logs', 'data.log'),
  temporal: join(stateDir, 'logs', 'temporal.log'),
})
