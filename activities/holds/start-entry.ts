import { HoldfastError } from '../../core/errors.js'
import type { StartResult } from '../../core/work/holds.js'
import type { JournalEntry } from '../journal/journal.js'
import type { ProcessIdentity } from '../services/process-identity.js'
import { finishStop, isGoneWithin, noted } from './finish-stop.js'
import { awaitHealth } from './health.js'
import type { HoldTools } from './tools.js'

/** A start command that is still at work is given this long to finish what everybody wants. */
const START_PROCESS_MS = 30_000
/** A daemon that kills what does not stop needs a moment for it. */
const REFUSED_STOP_MS = 30_000

export interface HowToPayBack {
  readonly healthyWithinMs: number
  /** How long a start command from before is waited for. */
  readonly startProcessMs?: number
  /** How long beyond its time to stop a service is watched whose stop was refused. */
  readonly refusedStopMs?: number
}

/**
 * Brings the service of an entry back to its state before, then forgets the entry; under the lock of the service. Whoever
 * starts a service that we stopped does it here: guard, watchdog, and a person by hand. Fails as `startOwed` does, and then
 * the entry stays.
 */
export async function startEntry(
  tools: HoldTools,
  kept: JournalEntry,
  how: HowToPayBack,
  signal: AbortSignal,
): Promise<StartResult> {
  const entry = withoutOtherBoot(kept, tools.journal.bootId)
  const started = entry.stateBefore === 'stopped' ? undefined : await startAgain(tools, entry, how, signal)
  const health = await restoreState(tools, entry, how, signal)
  await tools.journal.close(entry.service)
  const startedAt = started ?? tools.clock()
  const downtimeMs = Math.max(0, startedAt.getTime() - new Date(entry.stopRequestedAt).getTime())
  return { startedAt: startedAt.toISOString(), downtimeMs, health }
}

/** Processes of another boot are gone, and their numbers are given to strangers. */
function withoutOtherBoot(entry: JournalEntry, bootId: string): JournalEntry {
  if (entry.bootId === bootId) return entry
  const { stopProcess: _stopProcess, startProcess: _startProcess, ...rest } = entry
  return rest
}

/** Brings it up, unless an earlier attempt of ours did, and says when it came up. */
async function startAgain(
  tools: HoldTools,
  entry: JournalEntry,
  { startProcessMs = START_PROCESS_MS, refusedStopMs = REFUSED_STOP_MS }: HowToPayBack,
  signal: AbortSignal,
): Promise<Date> {
  const { driver, name } = tools.services.driver(entry.service)
  // Asked before the look at its start: what comes up in between must not be taken for what we still have to stop.
  const isStarting = await driver.isStarting?.(name, signal)
  const isStartOver = !entry.startProcess || (await isGoneWithin(entry.startProcess, startProcessMs, signal))
  const early = await startedEarlier(tools, entry, signal)
  if (early) return early
  if (!isStartOver) throw stillStarting(entry)
  if (isStarting !== true) await finishStop(tools, entry, { refusedStopMs }, signal)
  const onProcess = (startProcess: ProcessIdentity) => noted(tools, { ...entry, startProcess })
  await driver.start(name, { mode: entry.mode, onProcess }, signal)
  const back = await driver.observe(name, signal)
  // Unpausing is no start to Docker, and commands tell no time: then it is now.
  const said = entry.mode === 'pause' ? undefined : back.startedAt
  return said === undefined ? tools.clock() : new Date(said)
}

/**
 * When it runs again already. A runtime that answers "already started" during a stop that is still going on would have us
 * believe so: only a start later than the stop counts, and, should the clock of Temporal be behind ours, only another one
 * than was known before. A pause knows no such time: it is repeated.
 */
async function startedEarlier(
  tools: HoldTools,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<Date | undefined> {
  const { driver, name } = tools.services.driver(entry.service)
  const { state, startedAt } = await driver.observe(name, signal)
  if (state === 'stopped' || entry.mode === 'pause') return undefined
  if (startedAt === undefined) return isSurelyAnother(tools, entry) ? tools.clock() : undefined
  const isAnother = startedAt !== entry.startedAtBefore
  const isLater = new Date(startedAt).getTime() > new Date(entry.stopRequestedAt).getTime()
  return isAnother && isLater ? new Date(startedAt) : undefined
}

/** Of a runtime that tells no time: an earlier start of ours, or a boot, has come after our stop. */
const isSurelyAnother = ({ journal }: HoldTools, entry: JournalEntry): boolean =>
  entry.startProcess !== undefined || entry.bootId !== journal.bootId

/** Two starts side by side could bring up two of it on the same data. */
const stillStarting = ({ service, startProcess }: JournalEntry) =>
  new HoldfastError(
    'service.start-failed',
    `${service} does not run yet, and its start command is still at work (process ${startProcess?.pid}).`,
    {
      hint: 'Look at what it waits for. When it hangs, end that process: the service is started anew then.',
    },
  )

/** The last step to the state before; a service that was paused owes nobody its health. */
async function restoreState(
  tools: HoldTools,
  entry: JournalEntry,
  { healthyWithinMs }: { readonly healthyWithinMs: number },
  signal: AbortSignal,
): Promise<StartResult['health']> {
  const { driver, name } = tools.services.driver(entry.service)
  if (entry.stateBefore === 'stopped') return 'ok'
  if (entry.stateBefore === 'running') return awaitHealth({ driver, name, healthyWithinMs, signal })
  await driver.stop(name, { mode: 'pause', timeoutMs: entry.stopTimeoutMs }, signal)
  return 'ok'
}
