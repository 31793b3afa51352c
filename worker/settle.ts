import { settleEntry, type Settled, type SettleOptions } from '../activities/holds/settle-entry.js'
import { settleDamaged } from '../activities/holds/settle-damaged.js'
import type { DamagedEntry, JournalEntry, JournalListing } from '../activities/journal/journal.js'
import { restoreRecords } from '../activities/restore-records.js'
import { HoldfastError } from '../core/errors.js'
import { damagedEntryAlarm } from '../core/hold-alarms.js'
import { decideAsked, decideEntry } from '../core/watchdog.js'
import { connectClient } from '../temporal/connection.js'
import { createGuardAsker } from './guard-seen.js'
import { listExisting } from './read-journal.js'
import type { LocalTools } from './tools.js'

/** What an entry does not say itself; a person waits for the answer, and may ask again. */
const LIMITS = { healthyWithinMs: 30_000, startAfterMs: 60_000 }

export interface Settlement {
  readonly folder: string
  readonly services: readonly Settled[]
  /** Entries that cannot be read, and that nobody has asked to start. */
  readonly damaged: readonly DamagedEntry[]
}

/**
 * Acts on the journal once, by hand: by the watchdog's rule, without its grace. `asked` are services that shall start although
 * a restore keeps them down, or their entry cannot be read; not while a process is at work on that restore. Needs no Temporal.
 * Fails with `journal.missing`, and with `journal.no-entry` when a service that was asked for is owed nothing.
 */
export async function settleByHand(
  tools: LocalTools,
  { asked }: { readonly asked: readonly string[] },
): Promise<Settlement> {
  const listing = await listExisting(tools.journal)
  const known = [...listing.entries, ...listing.damaged].map(({ service }) => service)
  const unknown = asked.find((service) => !known.includes(service))
  if (unknown !== undefined) throw noEntry(tools, unknown, known)
  const { clock, journal } = tools
  const guards = createGuardAsker(() => connectClient(tools.site, { ...tools, retries: false }), clock)
  const optionsWith = (held: ReadonlySet<string>): SettleOptions => ({
    ...LIMITS,
    askGuard: (guard) => guards.ask(guard),
    decide: (entry, guard) =>
      asked.includes(entry.service)
        ? decideAsked(entry, { guard, isAtWork: isOfAnother(entry, held) })
        : decideEntry(entry, { bootId: journal.bootId, guard, now: clock(), silentForMs: 0, graceMs: 0 }),
  })
  try {
    return await withRestoreLocks(tools, restoresOf(listing, asked), (held) =>
      settleAll(tools, { listing, options: optionsWith(held), asked }),
    )
  } finally {
    await guards.close()
  }
}

const restoresOf = ({ entries }: JournalListing, asked: readonly string[]): readonly string[] => [
  ...new Set(entries.flatMap(({ service, restoreId }) => (asked.includes(service) ? (restoreId ?? []) : []))),
]

/** Entries of older versions do not name their restore: of those nobody can tell. */
const isOfAnother = ({ restoreId }: JournalEntry, held: ReadonlySet<string>): boolean =>
  restoreId !== undefined && !held.has(restoreId)

/**
 * Does `work` while no other process can be at work on the restores in `held`. Whoever is at work on one has its lock, whatever
 * became of its run: those are not held.
 */
async function withRestoreLocks<T>(
  tools: LocalTools,
  [first, ...others]: readonly string[],
  work: (held: ReadonlySet<string>) => Promise<T>,
  held: ReadonlySet<string> = new Set(),
): Promise<T> {
  if (first === undefined) return work(held)
  const { signal } = new AbortController()
  let isHeld = false
  try {
    return await restoreRecords(tools.site.stateDir, 0).withLock(first, signal, () => {
      isHeld = true
      return withRestoreLocks(tools, others, work, new Set([...held, first]))
    })
  } catch (error) {
    if (isHeld || !(error instanceof HoldfastError) || error.code !== 'lock.taken') throw error
    return withRestoreLocks(tools, others, work, held)
  }
}

async function settleAll(
  tools: LocalTools,
  work: {
    readonly listing: JournalListing
    readonly options: SettleOptions
    readonly asked: readonly string[]
  },
): Promise<Settlement> {
  const { listing, options, asked } = work
  // Never aborted: each wait inside has its limit, and a start that is cut short helps nobody.
  const { signal } = new AbortController()
  const known = listing.damaged.filter(isKnown)
  const damagedAsked = known.filter(({ service }) => asked.includes(service))
  // Together: a service may need another one of them to run first. All to their end, also beside a bug.
  const settled = await Promise.allSettled([
    ...listing.entries.map(({ service }) => settleEntry(tools, service, options, signal)),
    ...damagedAsked.map((entry) => settleDamaged(tools, entry, options, signal)),
  ])
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const damaged = listing.damaged.filter(({ name }) => !damagedAsked.some((entry) => entry.name === name))
  for (const entry of damaged) await tools.alarms.raise(damagedEntryAlarm(entry))
  return {
    folder: tools.journal.folder,
    services: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    damaged,
  }
}

const isKnown = (entry: DamagedEntry): entry is DamagedEntry & { readonly service: string } =>
  entry.service !== undefined

const noEntry = ({ journal }: LocalTools, service: string, known: readonly (string | undefined)[]) =>
  new HoldfastError('journal.no-entry', `The journal at ${journal.folder} has no entry of ${service}.`, {
    hint:
      known.length === 0
        ? 'No service is owed a start: start it yourself if it is down.'
        : `It has: ${known.filter((name) => name !== undefined).join(', ')}.`,
  })
