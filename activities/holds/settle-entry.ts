import { HoldfastError, reportOf, type ErrorReport } from '../../core/errors.js'
import { alarmCauses, notRestartedAlarm, writeLeaseAlarm } from '../../core/hold-alarms.js'
import type { GuardSeen, SettleDecision } from '../../core/watchdog.js'
import type { StartResult } from '../../core/work/holds.js'
import type { Alarms } from '../alarms.js'
import type { JournalEntry } from '../journal/journal.js'
import { awaitRunning } from './await-running.js'
import { startEntry } from './start-entry.js'
import type { HoldTools } from './tools.js'

export interface SettleTools extends HoldTools {
  readonly alarms: Pick<Alarms, 'raise' | 'resolve'>
}

export interface SettleOptions {
  readonly askGuard: (guard: JournalEntry['guard']) => Promise<GuardSeen>
  readonly decide: (entry: JournalEntry, guard: GuardSeen) => SettleDecision
  /** For an entry that does not say it. */
  readonly healthyWithinMs: number
  /** Services that this one needs are waited for at most this long. */
  readonly startAfterMs: number
}

/** A damaged entry does not tell since when it was down. */
export type Started = Omit<StartResult, 'downtimeMs'> & Partial<Pick<StartResult, 'downtimeMs'>>

/** What became of one entry. Only `started` has removed it. */
export type Settled = { readonly service: string } & (
  | { readonly outcome: 'started'; readonly because: string; readonly result: Started }
  | { readonly outcome: 'waits'; readonly because: string; readonly until: string }
  | { readonly outcome: 'left'; readonly because: string }
  | { readonly outcome: 'kept-down'; readonly because: string }
  | { readonly outcome: 'failed'; readonly error: ErrorReport }
  /** Somebody else has paid what was owed. */
  | { readonly outcome: 'nothing-owed' }
)

/**
 * Acts on the entry of one service: starts it, or says why not. May run at the same time as any other stop, start or
 * settling of it, in this process or another: what is done is decided under the lock, by what the entry says then. What cannot
 * be started is an answer, and an alarm; only an abort is thrown.
 */
export async function settleEntry(
  tools: SettleTools,
  service: string,
  options: SettleOptions,
  signal: AbortSignal,
): Promise<Settled> {
  try {
    // A first look without the lock: most entries are in good hands, whose stop or start must not wait for us.
    const first = await look(tools, service, options)
    if (first === undefined) return { service, outcome: 'nothing-owed' }
    const { entry, decision } = first
    if (decision.action !== 'start') return await unstarted(tools, entry, decision)
    const { startAfter = [] } = entry
    await awaitRunning(tools, { services: startAfter, limitMs: options.startAfterMs }, signal)
    return await tools.journal.withLock(service, signal, () => settleLocked(tools, service, options, signal))
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HoldfastError)) throw error
    // Whoever has the lock does what is to be done, and tells of it.
    if (error.code !== 'lock.taken') {
      await tools.alarms.raise(notRestartedAlarm(service, `could not be started: ${error.message}`))
    }
    return { service, outcome: 'failed', error: reportOf(error) }
  }
}

async function settleLocked(
  tools: SettleTools,
  service: string,
  options: SettleOptions,
  signal: AbortSignal,
): Promise<Settled> {
  const now = await look(tools, service, options)
  if (now === undefined) return { service, outcome: 'nothing-owed' }
  const { entry, decision } = now
  if (decision.action !== 'start') return unstarted(tools, entry, decision)
  const healthyWithinMs = entry.healthyWithinMs ?? options.healthyWithinMs
  const result = await startEntry(tools, entry, { healthyWithinMs }, signal)
  await tellStarted(tools, service, result)
  return { service, outcome: 'started', because: decision.because, result }
}

interface Look {
  readonly entry: JournalEntry
  readonly decision: SettleDecision
}

async function look(
  { journal }: SettleTools,
  service: string,
  { askGuard, decide }: SettleOptions,
): Promise<Look | undefined> {
  const entry = await journal.read(service)
  return entry && { entry, decision: decide(entry, await askGuard(entry.guard)) }
}

async function unstarted(
  { alarms }: SettleTools,
  { service, stateBefore, restoreId }: JournalEntry,
  decision: Exclude<SettleDecision, { readonly action: 'start' }>,
): Promise<Settled> {
  const { because } = decision
  switch (decision.action) {
    case 'alarm':
      await alarms.raise(
        writeLeaseAlarm(service, {
          why: because,
          stateBefore,
          ...(restoreId === undefined ? {} : { restoreId }),
        }),
      )
      return { service, outcome: 'kept-down', because }
    case 'alarm-at':
    case 'start-at':
      return { service, outcome: 'waits', because, until: decision.at }
    case 'leave':
      return { service, outcome: 'left', because }
  }
}

async function tellStarted({ alarms }: SettleTools, service: string, { health }: StartResult): Promise<void> {
  await alarms.resolve(alarmCauses.writeLease(service))
  if (health === 'ok') await alarms.resolve(alarmCauses.notRestarted(service))
  else await alarms.raise(notRestartedAlarm(service, 'runs again, but is not healthy'))
}
