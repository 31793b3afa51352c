import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../core/errors.js'
import type { JournalEntry } from '../journal/journal.js'
import { endGroup } from '../services/process-group.js'
import { isAlive, type ProcessIdentity } from '../services/process-identity.js'
import { isRefusal } from './refusal.js'
import type { HoldTools } from './tools.js'

const POLL_MS = 100
/** Looking costs a request to the runtime. */
const LOOK_MS = 500

/**
 * A start during a stop that is still going on is lost: the service would end seconds later. Where the stop cannot be asked
 * for again, an earlier one that was heard has ended the service by the end of its time: then what runs on was not stopped.
 */
export async function finishStop(
  tools: HoldTools,
  entry: JournalEntry,
  { refusedStopMs }: { readonly refusedStopMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { driver, name } = tools.services.driver(entry.service)
  if (entry.stopProcess && !(await isGoneWithin(entry.stopProcess, entry.stopTimeoutMs, signal))) {
    await endGroup(entry.stopProcess.pid, 'ask')
  }
  const onProcess = (stopProcess: ProcessIdentity) => noted(tools, { ...entry, stopProcess })
  const untilMs = tools.clock().getTime() + entry.stopTimeoutMs + refusedStopMs
  try {
    await driver.stop(name, { mode: entry.mode, timeoutMs: entry.stopTimeoutMs, onProcess }, signal)
  } catch (error) {
    if (!isRefusal(error) && !hasGivenUp(error)) throw error
    tools.log.warn('the stop before a start does not work', { service: entry.service, error })
    await awaitEnd(tools, entry.service, untilMs, signal)
  }
}

/** A command that says by its exit code that it did not stop the service, and is gone. */
const hasGivenUp = (error: unknown): boolean =>
  error instanceof HoldfastError && error.details?.['exitCode'] !== undefined

async function awaitEnd(
  { services, clock }: HoldTools,
  service: string,
  untilMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { driver, name } = services.driver(service)
  while ((await driver.observe(name, signal)).state === 'running' && clock().getTime() < untilMs) {
    await delay(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Writes down what would help after a death of ours. That it cannot be (a full disk) must not keep the service down. */
export async function noted({ journal, log }: HoldTools, entry: JournalEntry): Promise<void> {
  try {
    await journal.update(entry)
  } catch (error) {
    log.warn('the journal entry could not be brought up to date', { service: entry.service, error })
  }
}

export async function isGoneWithin(
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
