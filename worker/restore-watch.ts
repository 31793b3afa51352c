import { setTimeout as delay } from 'node:timers/promises'
import type { Alarms } from '../activities/alarms.js'
import type { Journal } from '../activities/journal/journal.js'
import type { Log } from '../activities/log.js'
import { restoreRecords, type RestoreRecord } from '../activities/restore-records.js'
import { HoldfastError } from '../core/errors.js'
import { alarmCauses, halfRestoredAlarm } from '../core/hold-alarms.js'
import { dataOf } from '../core/restore-end.js'
import { careOfRestore } from '../core/watchdog.js'
import type { AlarmInput } from '../core/work/alarm.js'
import type { GuardAsker } from './guard-seen.js'

export interface RestoreWatchTools {
  readonly site: { readonly stateDir: string }
  readonly journal: Pick<Journal, 'list'>
  readonly alarms: Alarms
  readonly log: Log
}

export interface RestoreWatchOptions {
  readonly everyMs: number
  /** How long a restore that cannot be asked for is no alarm. */
  readonly graceMs: number
  /** Not that of the watchdog, which closes its connection when no service is owed a start. */
  readonly runs: GuardAsker
  readonly signal: AbortSignal
}

/**
 * Looks after restores until `signal` aborts: one that died while it replaced data, and keeps no service down that would tell
 * of it, is an alarm until it was resumed or undone. Touches no data. Never fails.
 */
export async function watchRestores(tools: RestoreWatchTools, options: RestoreWatchOptions): Promise<void> {
  const { everyMs, runs, signal } = options
  while (!signal.aborted) {
    try {
      await look(tools, options)
    } catch (error) {
      if (!signal.aborted) tools.log.error('restores could not be looked after', { error })
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
  await runs.close()
}

async function look(tools: RestoreWatchTools, { runs, graceMs, signal }: RestoreWatchOptions): Promise<void> {
  const { records } = await restoreRecords(tools.site.stateDir).list()
  const between = records.filter(({ state }) => dataOf(state) === 'between')
  const toldOf = between.length === 0 ? new Set<string>() : await restoresThatKeepDown(tools)
  const wanted: AlarmInput[] = []
  const unknown: string[] = []
  for (const record of between.filter(({ restoreId }) => !toldOf.has(restoreId))) {
    const { restoreId, scope } = record
    const run = record.run === undefined ? 'closed-or-unknown' : await runs.ask(record.run)
    const care = careOfRestore(run, {
      isAtWork: await isAtWork(tools, record, signal),
      silentForMs: runs.silentForMs(),
      graceMs,
    })
    if (care.by === 'unknown') unknown.push(alarmCauses.halfRestored(restoreId))
    if (care.by === 'nobody')
      wanted.push(halfRestoredAlarm(restoreId, { plan: scope.plan, why: care.because }))
  }
  if (between.length === 0) await runs.close()
  await bringUpToDate(tools, { wanted, unknown })
}

/** Their services stay down, with an alarm of their own. */
async function restoresThatKeepDown({ journal }: RestoreWatchTools): Promise<ReadonlySet<string>> {
  const { entries } = await journal.list()
  return new Set(entries.flatMap(({ lease, restoreId }) => (lease === 'write' ? (restoreId ?? []) : [])))
}

/** Whoever is at work on a restore has its lock, which ends with its process. */
async function isAtWork(
  { site }: RestoreWatchTools,
  { restoreId }: RestoreRecord,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await restoreRecords(site.stateDir, 0).withLock(restoreId, signal, async () => undefined)
    return false
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'lock.taken') return true
    throw error
  }
}

/** The same trouble is seen at every look: it is said when it is new, and taken back when it is known to be over. */
async function bringUpToDate(
  { alarms }: RestoreWatchTools,
  { wanted, unknown }: { readonly wanted: readonly AlarmInput[]; readonly unknown: readonly string[] },
): Promise<void> {
  const open = (await alarms.open()).filter(({ cause }) => cause.startsWith(alarmCauses.halfRestored('')))
  for (const alarm of wanted) {
    if (!open.some(({ cause, summary }) => cause === alarm.cause && summary === alarm.summary)) {
      await alarms.raise(alarm)
    }
  }
  for (const { cause } of open) {
    if (!unknown.includes(cause) && !wanted.some((alarm) => alarm.cause === cause))
      await alarms.resolve(cause)
  }
}
