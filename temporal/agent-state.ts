import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord, readJsonFile, writeJsonFile } from './json-file.js'
import { isAlive, type ProcessIdentity } from './processes.js'

/** What `holdfast up` tells the other commands of this machine: who it is, and where Temporal is. */
export interface AgentState extends ProcessIdentity {
  readonly agentVersion: 1
  readonly phase: 'starting' | 'ready' | 'stopping'
  /** ISO. */
  readonly startedAt: string
  /** Left out until Temporal is ready. */
  readonly temporal?: AgentTemporal
  readonly children: readonly AgentChild[]
}

export interface AgentTemporal {
  readonly kind: 'embedded' | 'external'
  readonly address: string
  readonly namespace: string
  /** Of the web page of the embedded server. */
  readonly uiAddress?: string
}

export interface AgentChild extends ProcessIdentity {
  readonly name: string
  readonly isReady: boolean
}

export const agentFile = (stateDir: string): string => join(stateDir, 'agent.json')

/** Undefined when no agent was started, or when it ended in order. One that was killed leaves its state behind: ask `isAlive`. */
export const readAgentState = (stateDir: string): Promise<AgentState | undefined> =>
  readJsonFile(agentFile(stateDir), isAgentState)

export const writeAgentState = (stateDir: string, state: AgentState): Promise<void> =>
  writeJsonFile(agentFile(stateDir), state)

export const removeAgentState = (stateDir: string): Promise<void> => rm(agentFile(stateDir), { force: true })

/** The state of an agent that runs now. */
export async function readLiveAgent(stateDir: string): Promise<AgentState | undefined> {
  const state = await readAgentState(stateDir)
  return state !== undefined && isAlive(state) ? state : undefined
}

const isAgentState = (value: unknown): value is AgentState =>
  isRecord(value) &&
  value['agentVersion'] === 1 &&
  typeof value['pid'] === 'number' &&
  Array.isArray(value['children'])
