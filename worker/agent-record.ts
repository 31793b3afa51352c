import { join } from 'node:path'
import { messageOf } from '../core/causes.js'
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
import { isAlive, processIdentity } from '../temporal/processes.js'
import { stateFailure } from '../temporal/state-failure.js'

/**
 * This agent's own record: what the other commands of the machine know of it. That it cannot be written (a full disk) is told
 * and ends nothing: what the agent is for is to bring services back.
 */
export interface AgentRecord {
  /** Left by an agent that was killed; they may still run. */
  readonly orphans: readonly AgentChild[]
  update(change: (state: AgentState) => Partial<AgentState>): Promise<void>
  /** Tries again what could not be written. */
  catchUp(): Promise<void>
  remove(): Promise<void>
}

export interface ClaimOptions {
  readonly startedAt: Date
  /** The record is older than what it is about; once, until it could be written again. */
  readonly onBehind: (reason: string) => void
}

/**
 * Fails with `agent.running` when another agent of this state folder lives; with `state.denied` where the folder is another
 * user's; and with `agent.not-recorded` when nothing can be written for another reason.
 */
export async function claimAgent(
  stateDir: string,
  { startedAt, onBehind }: ClaimOptions,
): Promise<AgentRecord> {
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
  const other = await takePidFile(agentFile(stateDir), state).catch(async (error: unknown) => {
    // With no room for ours, what can be read tells of another one all the same.
    if (before !== undefined && isAlive(before)) return before
    const failure = await stateFailure(stateDir, error)
    throw failure instanceof HoldfastError ? failure : notRecorded(stateDir, error)
  })
  if (other !== undefined) throw await alreadyRunning(stateDir, other.pid)

  // One after another, so that an older state never replaces a newer one.
  let written = Promise.resolve()
  let isBehind = false
  const enqueue = (work: () => Promise<void>): Promise<void> =>
    (written = written.then(work).then(
      () => void (isBehind = false),
      (error: unknown) => {
        if (!isBehind) onBehind(messageOf(error))
        isBehind = true
      },
    ))
  const write = () => enqueue(() => writeAgentState(stateDir, state))
  return {
    orphans: before?.children ?? [],
    update: (change) => {
      state = { ...state, ...change(state) }
      return write()
    },
    catchUp: async () => {
      if (isBehind) await write()
    },
    remove: () => enqueue(() => removeAgentState(stateDir)),
  }
}

const notRecorded = (stateDir: string, cause: unknown): HoldfastError =>
  new HoldfastError(
    'agent.not-recorded',
    `The agent cannot write to its state folder ${stateDir}: ${messageOf(cause)}.`,
    { hint: 'Make room on its disk, and let the user of the agent own it; then `holdfast up`.', cause },
  )

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
