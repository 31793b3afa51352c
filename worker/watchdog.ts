import { setTimeout as delay } from 'node:timers/promises'
import type { Alarms } from '../activities/alarms.js'
import { settleEntry, type SettleTools } from '../activities/holds/settle-entry.js'
import type { JournalListing } from '../activities/journal/journal.js'
import { alarmCauses, blindWatchdogAlarm, damagedEntryAlarm } from '../core/hold-alarms.js'
import { HoldfastError } from '../core/errors.js'
import { decideEntry } from '../core/watchdog.js'
import type { GuardAsker } from './guard-seen.js'

export interface WatchdogLimits {
  readonly everyMs: number
  /**
   * How long after its deadline a service is left to a guard that cannot be asked; how long a restore that cannot be asked
   * for is no alarm.
   */
  readonly graceMs: number
  /** Services that a service needs are waited for at most this long. */
  readonly startAfterMs: number
  /** Of an entry that does not say how long its plan allows. */
  readonly healthyWithinMs: number
}

export const WATCHDOG_LIMITS: WatchdogLimits = {
  everyMs: 10_000,
  graceMs: 60_000,
  startAfterMs: 60_000,
  healthyWithinMs: 60_000,
}

/** A start that is under way is not left half done for a shutdown: it has as long as one of the guard's. */
const LEAVE_WITHIN_MS = 60_000

export interface WatchdogTools extends Omit<SettleTools, 'alarms'> {
  readonly alarms: Alarms
}

export interface WatchdogOptions {
  readonly limits: WatchdogLimits
  readonly guards: GuardAsker
  readonly signal: AbortSignal
}

/**
 * Looks after the journal until `signal` aborts: what nobody else will start any more is started here. Needs neither Temporal
 * nor a worker that could connect; each service goes its own way, so that a slow one holds up no other. Never fails.
 */
export async function runWatchdog(tools: WatchdogTools, options: WatchdogOptions): Promise<void> {
  const { limits, guards, signal } = options
  const abandon = new AbortController()
  const watched: Watched = { ...tools, alarms: saidOnce(tools.alarms) }
  const underWay = new Map<string, Promise<void>>()
  while (!signal.aborted) {
    const services = await servicesOwed(watched)
    for (const service of services.filter((one) => !underWay.has(one))) {
      const settling = settle(watched, service, options, abandon.signal)
      underWay.set(
        service,
        settling.finally(() => underWay.delete(service)),
      )
    }
    if (services.length === 0) await guards.close()
    await delay(limits.everyMs, undefined, { signal }).catch(() => undefined)
  }
  const leave = setTimeout(() => abandon.abort(), LEAVE_WITHIN_MS)
  await Promise.all(underWay.values())
  clearTimeout(leave)
  await guards.close()
}

interface Watched extends SettleTools {
  readonly alarms: ReturnType<typeof saidOnce>
}

/** Those with an entry; damaged entries are told of. */
async function servicesOwed({ journal, alarms, log }: Watched): Promise<readonly string[]> {
  try {
    const listing = await journal.list()
    await alarms.forgetAllBut(listing)
    for (const entry of listing.damaged) await alarms.raise(damagedEntryAlarm(entry))
    return listing.entries.map(({ service }) => service)
  } catch (error) {
    log.error('the watchdog could not look at the journal', { error })
    await alarms.raise(blindWatchdogAlarm(error instanceof HoldfastError ? error.message : String(error)))
    return []
  }
}

async function settle(
  tools: Watched,
  service: string,
  { limits, guards }: WatchdogOptions,
  signal: AbortSignal,
): Promise<void> {
  const { bootId } = tools.journal
  const { graceMs, healthyWithinMs, startAfterMs } = limits
  try {
    const settled = await settleEntry(
      tools,
      service,
      {
        askGuard: (guard) => guards.ask(guard),
        decide: (entry, guard) =>
          decideEntry(entry, {
            bootId,
            guard,
            now: tools.clock(),
            silentForMs: guards.silentForMs(),
            graceMs,
          }),
        healthyWithinMs,
        startAfterMs,
      },
      signal,
    )
    if (settled.outcome === 'started') tools.log.warn('service started by the watchdog', { ...settled })
    // It may have been kept down for a silence of Temporal that is over.
    if (settled.outcome === 'left') await tools.alarms.takeBack(alarmCauses.writeLease(service))
    if (settled.outcome === 'failed') tools.log.error('service could not be started', { ...settled })
  } catch (error) {
    if (!signal.aborted) tools.log.error('the watchdog failed', { service, error })
  }
}

/**
 * The watchdog sees the same trouble at every look; it is said when it is new. An alarm ends with the entry that it is about,
 * also when a person has removed that.
 */
function saidOnce(alarms: Alarms) {
  const said = new Map<string, string>()
  const resolve = async (cause: string): Promise<void> => {
    said.delete(cause)
    await alarms.resolve(cause)
  }
  return {
    raise: async (alarm: Parameters<Alarms['raise']>[0]): Promise<void> => {
      if (said.get(alarm.cause) === alarm.summary) return
      said.set(alarm.cause, alarm.summary)
      await alarms.raise(alarm)
    },
    resolve,
    /** Only what was said here: others may have their own reasons. */
    takeBack: async (cause: string): Promise<void> => {
      if (said.has(cause)) await resolve(cause)
    },
    forgetAllBut: async ({ entries, damaged }: JournalListing): Promise<void> => {
      const services = [...entries, ...damaged].flatMap(({ service }) => service ?? [])
      const current = new Set([
        ...services.flatMap((service) => [
          alarmCauses.notRestarted(service),
          alarmCauses.writeLease(service),
        ]),
        ...damaged.map(({ name }) => alarmCauses.damagedEntry(name)),
      ])
      for (const cause of said.keys()) if (!current.has(cause)) said.delete(cause)
      for (const { cause } of await alarms.open()) {
        if (endsWithEntry(cause) && !current.has(cause)) await resolve(cause)
      }
    },
  }
}

/** Not `notRestarted`: a service that runs but is not well has no entry either. */
const endsWithEntry = (cause: string): boolean =>
  cause === alarmCauses.blindWatchdog ||
  cause.startsWith(alarmCauses.writeLease('')) ||
  cause.startsWith(alarmCauses.damagedEntry(''))
