import { setTimeout as delay } from 'node:timers/promises'
import type { JournalEntry, JournalListing } from '../activities/journal/journal.js'
import { messageOf } from '../core/causes.js'
import type { GuardState } from '../core/guard-state.js'
import { messages } from '../core/messages.js'
import { formatDuration } from '../core/units.js'
import type { ClientConnection } from '../temporal/connection.js'
import type { AgentEvent } from './agent-events.js'

/** What is left when the workers have gone is started without Temporal: a command, or a call to Docker. */
const SETTLED_WITHIN_MS = 60_000
/** A cancelled run gives its lease back within seconds; a slow start of a service takes longer. */
const BACK_WITHIN_MS = 60_000
const POLL_INTERVAL_MS = 200
/** A service that others need has so long before they start, too. */
const NEXT_AFTER_MS = 10_000

/** What this host holds, for an agent that leaves. */
export interface HostHolds {
  /** What is owed a start. */
  readonly listJournal: () => Promise<JournalListing>
  readonly connect: () => Promise<ClientConnection>
  /** Pays back what the journal says of a service that a backup held: exactly the state before. */
  readonly start: (service: string, signal: AbortSignal) => Promise<void>
}

export interface BringBackOptions extends HostHolds {
  readonly onEvent: (event: AgentEvent) => void
  /** Of each of the two. Default: a minute. */
  readonly withinMs?: number
}

/**
 * Before the workers stop: cancels the runs that hold services, so that they end as cancelled, and waits until the
 * services run again. Never fails: `settleHolds` has the last word.
 */
export async function bringServicesBack(options: BringBackOptions): Promise<void> {
  const { listJournal, onEvent, withinMs = BACK_WITHIN_MS } = options
  const held = (await readable(options)).entries.filter(isRead)
  if (held.length === 0) return
  onEvent({ type: 'releasing', services: namesOf(held) })
  const isTold = await cancelHolders(held, options)
  if (isTold) await waitUntil(async () => !(await listJournal()).entries.some(isRead), withinMs)
}

/**
 * When no worker is at work any more: starts what backups still hold, as the journal says it, with or without Temporal:
 * that had not come back in time, or was being stopped in the very moment. What a restore holds stays down, since starting
 * on half-restored data destroys data. One that starts slowly holds up the next for some seconds only: each is tried. Never
 * fails: it says what is still held.
 */
export async function settleHolds(options: BringBackOptions): Promise<void> {
  const { onEvent } = options
  // What stopped last is what others need: it starts first.
  const owed = (await readable(options)).entries
    .filter(isRead)
    .toSorted((a, b) => b.stopRequestedAt.localeCompare(a.stopRequestedAt))
  const failures = await startInOrder(namesOf(owed), options)
  const { entries, damaged } = await readable(options)
  const services = [...namesOf(entries), ...damaged.map(({ service, path }) => service ?? path)]
  if (services.length === 0) return
  const reasons = [
    ...entries.flatMap(({ service }) => failures.get(service) ?? []),
    ...damaged.map(({ path }) => `The journal entry ${path} cannot be read.`),
  ]
  onEvent({ type: 'still-held', services, reasons })
}

/** Why those are not started that are not; all are begun within half of the time. */
async function startInOrder(
  services: readonly string[],
  { start, withinMs = SETTLED_WITHIN_MS }: BringBackOptions,
): Promise<ReadonlyMap<string, string>> {
  const signal = AbortSignal.timeout(withinMs)
  const nextAfterMs = Math.min(NEXT_AFTER_MS, withinMs / 2 / services.length)
  const failures = new Map<string, string>()
  const late = (service: string) => `${service} was not started within ${formatDuration(withinMs)}.`
  const starts: Promise<unknown>[] = []
  for (const service of services) {
    const starting = start(service, signal).catch((error: unknown) =>
      failures.set(service, signal.aborted ? late(service) : messageOf(error)),
    )
    starts.push(starting)
    await endOrTime(starting, nextAfterMs)
  }
  await Promise.all(starts)
  return failures
}

async function endOrTime(work: Promise<unknown>, limitMs: number): Promise<void> {
  const ended = new AbortController()
  const time = delay(limitMs, undefined, { signal: ended.signal }).catch(() => undefined)
  await Promise.race([work, time])
  ended.abort()
}

async function readable({ listJournal, onEvent }: BringBackOptions): Promise<JournalListing> {
  try {
    return await listJournal()
  } catch (error) {
    onEvent({ type: 'journal-unreadable', reason: messageOf(error) })
    return { entries: [], damaged: [] }
  }
}

const isRead = ({ lease }: JournalEntry): boolean => lease === 'read'
const namesOf = (entries: readonly JournalEntry[]): string[] => entries.map(({ service }) => service)

/** False: without Temporal nobody can be told, and nobody needs to be waited for. */
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
    await connection.close().catch(() => undefined)
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
