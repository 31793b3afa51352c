import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../core/errors.js'
import type { ObservedService, StartRequest, StartResult } from '../../core/work.js'
import type { JournalEntry } from '../journal/journal.js'
import { endGroup } from '../services/process-group.js'
import { isAlive } from '../services/process-identity.js'
import { awaitHealth } from './health.js'
import type { HoldTools } from './tools.js'

const POLL_MS = 100
/** A start command of a killed worker is given this long to finish what everybody wants. */
const START_PROCESS_MS = 30_000

/**
 * Pays back what the journal says we owe: exactly the state before, then the entry goes. May run twice, and be killed
 * anywhere. Without an entry nothing is owed, and nothing is done. Up but not healthy is a result, not an error; what does not
 * stay up fails with `service.start-failed`, and what a restore holds with `restore.conflict`: then the entry stays.
 */
export const startOwed = (
  tools: HoldTools,
  request: StartRequest,
  signal: AbortSignal,
): Promise<StartResult> =>
  tools.journal.withLock(request.service, signal, async () => {
    const entry = await tools.journal.read(request.service)
    if (!entry) return nothingOwed(tools, request, signal)
    if (entry.lease === 'write' && request.lease === 'read') throw heldByRestore(tools, entry)
    const started = entry.stateBefore === 'stopped' ? undefined : await startAgain(tools, entry, signal)
    const health = await restoreState(tools, entry, request, signal)
    await tools.journal.close(entry.service)
    const startedAt = started ?? tools.clock()
    const downtimeMs = Math.max(0, startedAt.getTime() - new Date(entry.stopRequestedAt).getTime())
    return { startedAt: startedAt.toISOString(), downtimeMs, health }
  })

/** Starting on half-restored data destroys data. */
const heldByRestore = (tools: HoldTools, { service, guard, restoreId }: JournalEntry) =>
  new HoldfastError(
    'restore.conflict',
    `${service} is kept down by a restore that has not ended (${restoreId ?? guard.workflowId}).`,
    {
      hint: `\`holdfast restore list\` shows it: resume or undo it. Or, when you know that its data is whole, start it by hand and remove its entry from ${tools.journal.folder}.`,
    },
  )

/** Brings it up, unless an earlier attempt of ours did, and says when it came up. */
async function startAgain(tools: HoldTools, entry: JournalEntry, signal: AbortSignal): Promise<Date> {
  const { driver, name } = tools.services.driver(entry.service)
  const early = await startedEarlier(tools, entry, signal)
  if (early) return early
  await finishStop(tools, entry, signal)
  const onProcess = (startProcess: NonNullable<JournalEntry['startProcess']>) =>
    tools.journal.update({ ...entry, startProcess })
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
  await awaitStartProcess(entry, signal)
  const { state, startedAt } = await driver.observe(name, signal)
  if (state === 'stopped' || entry.mode === 'pause') return undefined
  if (startedAt === undefined) return entry.startProcess ? tools.clock() : undefined
  const isAnother = startedAt !== entry.startedAtBefore
  const isLater = new Date(startedAt).getTime() > new Date(entry.stopRequestedAt).getTime()
  return isAnother && isLater ? new Date(startedAt) : undefined
}

/** A start during a stop that is still going on is lost: the service would end seconds later. */
async function finishStop(tools: HoldTools, entry: JournalEntry, signal: AbortSignal): Promise<void> {
  const { driver, name } = tools.services.driver(entry.service)
  if (entry.stopProcess && !(await isGoneWithin(entry.stopProcess, entry.stopTimeoutMs, signal))) {
    await endGroup(entry.stopProcess.pid, 'ask')
  }
  const onProcess = (stopProcess: NonNullable<JournalEntry['stopProcess']>) =>
    tools.journal.update({ ...entry, stopProcess })
  await driver.stop(name, { mode: entry.mode, timeoutMs: entry.stopTimeoutMs, onProcess }, signal)
}

async function awaitStartProcess({ startProcess }: JournalEntry, signal: AbortSignal): Promise<void> {
  if (startProcess) await isGoneWithin(startProcess, START_PROCESS_MS, signal)
}

async function isGoneWithin(
  process: NonNullable<JournalEntry['stopProcess']>,
  limitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (let waitedMs = 0; await isAlive(process); waitedMs += POLL_MS) {
    if (waitedMs >= limitMs) return false
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
  return true
}

/** The last step to the state before; a service that was paused owes nobody its health. */
async function restoreState(
  tools: HoldTools,
  entry: JournalEntry,
  { healthyWithinMs }: StartRequest,
  signal: AbortSignal,
): Promise<StartResult['health']> {
  const { driver, name } = tools.services.driver(entry.service)
  if (entry.stateBefore === 'stopped') return 'ok'
  if (entry.stateBefore === 'running') return awaitHealth({ driver, name, healthyWithinMs, signal })
  await driver.stop(name, { mode: 'pause', timeoutMs: entry.stopTimeoutMs }, signal)
  return 'ok'
}

/** It was restored already, or was not running before; an attempt that died after its last step may not have told. */
async function nothingOwed(
  tools: HoldTools,
  { service, healthyWithinMs }: StartRequest,
  signal: AbortSignal,
): Promise<StartResult> {
  const { driver, name } = tools.services.driver(service)
  const seen: ObservedService | undefined = await driver.observe(name, signal).catch((error: unknown) => {
    if (error instanceof HoldfastError && error.code === 'service.not-found') return undefined
    throw error
  })
  const startedAt = seen?.startedAt === undefined ? tools.clock() : new Date(seen.startedAt)
  const health =
    seen?.state === 'running' ? await awaitHealth({ driver, name, healthyWithinMs, signal }) : ('ok' as const)
  return { startedAt: startedAt.toISOString(), downtimeMs: 0, health }
}
