import { setTimeout as delay } from 'node:timers/promises'
import type { JournalEntry } from '../activities/journal/journal.js'
import type { GuardState } from '../core/guard-state.js'
import { messages } from '../core/messages.js'
import type { ClientConnection } from '../temporal/connection.js'
import type { AgentEvent } from './agent-events.js'
import type { Left } from './settle.js'

/** A cancelled run gives its lease back within seconds; a slow start of a service takes longer. */
const BACK_WITHIN_MS = 60_000
const POLL_INTERVAL_MS = 200

/** What this host holds, for an agent that leaves. */
export interface HostHolds {
  /** What the journal of this host owes a start. */
  readonly heldServices: () => Promise<readonly JournalEntry[]>
  readonly connect: () => Promise<ClientConnection>
  /** Starts what backups still hold, although they are not done. */
  readonly settle: () => Promise<Left>
}

export interface BringBackOptions extends Omit<HostHolds, 'settle'> {
  readonly onEvent: (event: AgentEvent) => void
  /** Default: a minute. */
  readonly withinMs?: number
}

/**
 * Before the workers stop: cancels the runs that hold services, and waits until those run again. What a restore holds
 * stays down: starting on half-restored data destroys data. Never fails.
 */
export async function bringServicesBack(options: BringBackOptions): Promise<void> {
  const { heldServices, onEvent, withinMs = BACK_WITHIN_MS } = options
  const held = (await heldServices().catch(() => [])).filter(isRead)
  if (held.length === 0) return
  onEvent({ type: 'releasing', services: namesOf(held) })
  // Without Temporal nobody can be told: the services are started when nobody reads any more.
  if (!(await cancelHolders(held, options))) return
  await waitUntil(async () => !(await heldServices()).some(isRead), withinMs)
}

/** When the workers have stopped: starts what backups still hold, and says what is held nevertheless. Never fails. */
export async function leaveNothingHeld({
  settle,
  onEvent,
}: Pick<HostHolds, 'settle'> & Pick<BringBackOptions, 'onEvent'>): Promise<void> {
  try {
    const { broughtBack, stillHeld } = await settle()
    if (broughtBack.length > 0) onEvent({ type: 'brought-back', services: broughtBack })
    if (stillHeld.length > 0) onEvent({ type: 'still-held', services: stillHeld })
  } catch (error) {
    onEvent({ type: 'journal-unreadable', reason: error instanceof Error ? error.message : String(error) })
  }
}

const isRead = ({ lease }: JournalEntry): boolean => lease === 'read'
const namesOf = (entries: readonly JournalEntry[]): string[] => entries.map(({ service }) => service)

/** Whether anybody could be told. */
async function cancelHolders(
  entries: readonly JournalEntry[],
  { connect }: BringBackOptions,
): Promise<boolean> {
  const connection = await connect().catch(() => undefined)
  if (connection === undefined) return false
  try {
    await Promise.allSettled(entries.map(({ guard }) => cancelHoldersOf(guard, connection)))
    return true
  } finally {
    await connection.close()
  }
}

/** The runs, so that they end as cancelled; the guard itself where it cannot say whose hold it is. */
async function cancelHoldersOf(guard: JournalEntry['guard'], { client }: ClientConnection): Promise<void> {
  const handle = client.workflow.getHandle(guard.workflowId, guard.runId)
  let state: GuardState
  try {
    state = await handle.query<GuardState>(messages.state)
  } catch {
    await handle.cancel()
    return
  }
  const holders = state.leases.map(({ holder }) => client.workflow.getHandle(holder.workflowId, holder.runId))
  await Promise.allSettled(holders.map((holder) => holder.cancel()))
}

async function waitUntil(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  for (let poll = 0; poll < withinMs / POLL_INTERVAL_MS; poll++) {
    if (await condition().catch(() => false)) return
    await delay(POLL_INTERVAL_MS)
  }
}
