import { ApplicationFailure } from '@temporalio/common'
import type { ServiceState } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { endsOf } from '../../core/hold-alarms.js'
import { failureOf } from '../../core/failure.js'
import type { StopRequest, StopResult } from '../../core/work/holds.js'
import type { JournalEntry } from '../journal/journal.js'
import { endGroup } from '../services/process-group.js'
import { isAlive } from '../services/process-identity.js'
import { isRefusal } from './refusal.js'
import type { HoldTools } from './tools.js'

/**
 * Writes down what we owe, then stops the service. May run twice, and be killed anywhere: the entry is durable before the
 * stop begins, and an entry that exists already says what the state before was, never what a retried stop sees of its own
 * work. What stands still already as it shall is left alone, and nothing is owed; nor is it after a stop that was refused.
 * Fails with `lease.expired`, not to be retried, when the deadline passes before the service has stopped.
 */
export async function stopWithEntry(
  tools: HoldTools,
  request: StopRequest,
  signal: AbortSignal,
): Promise<StopResult> {
  const { service, mode, stopTimeoutMs } = request
  const { driver, name } = tools.services.driver(service)
  return untilDeadline(tools, request, signal, (limited) =>
    tools.journal.withLock(service, limited, async () => {
      const existing = await tools.journal.read(service)
      const stateBefore = existing?.stateBefore ?? (await stateBeforeStop(tools, request, limited))
      if (!existing && standsStill(stateBefore, mode)) return { stateBefore }

      let entry = existing
        ? await adopt(tools, existing, request)
        : await tools.journal.open(wanted(request, stateBefore))
      const onProcess = async (stopProcess: NonNullable<JournalEntry['stopProcess']>) => {
        entry = { ...entry, stopProcess }
        await tools.journal.update(entry)
      }
      await driver
        .stop(name, { mode, timeoutMs: stopTimeoutMs, onProcess }, limited)
        .catch(async (error: unknown) => {
          const isNew = existing === undefined
          if (isNew && isRefusal(error) && (await isUntouched(tools, entry, limited)))
            await tools.journal.close(service)
          throw error
        })
      return { stateBefore: entry.stateBefore }
    }),
  )
}

/** No process of ours has touched it, and it is as it was, by the same start. What cannot be looked at is not. */
async function isUntouched(
  { services }: HoldTools,
  { service, stateBefore, startedAtBefore, stopProcess }: JournalEntry,
  signal: AbortSignal,
): Promise<boolean> {
  if (stopProcess !== undefined) return false
  const { driver, name } = services.driver(service)
  const seen = await driver.observe(name, signal).catch(() => undefined)
  return seen !== undefined && seen.state === stateBefore && seen.startedAt === startedAtBefore
}

const standsStill = (state: ServiceState, mode: StopRequest['mode']): boolean =>
  state === 'stopped' || (state === 'paused' && mode === 'pause')

/**
 * What was observed before any stop of ours. Without an entry no stop of ours has happened: a service seen running although
 * it was observed at rest was started by somebody in between, and is theirs to have back running.
 */
async function stateBeforeStop(
  tools: HoldTools,
  { service, observed, mode }: StopRequest,
  signal: AbortSignal,
): Promise<ServiceState> {
  if (!standsStill(observed.state, mode)) return observed.state
  const { driver, name } = tools.services.driver(service)
  return (await driver.observe(name, signal)).state
}

const wanted = (
  request: StopRequest,
  stateBefore: ServiceState,
): Omit<JournalEntry, 'bootId' | 'entryVersion'> => ({
  service: request.service,
  stateBefore,
  ...(request.observed.startedAt === undefined ? {} : { startedAtBefore: request.observed.startedAt }),
  ...(request.observed.identity === undefined ? {} : { identity: request.observed.identity }),
  ...leaseOf(request),
})

const leaseOf = (request: StopRequest) => ({
  mode: request.mode,
  lease: request.lease,
  ...(request.restoreId === undefined ? {} : { restoreId: request.restoreId }),
  stopRequestedAt: request.stopRequestedAt,
  ...(request.deadlineAt === undefined ? {} : { deadlineAt: request.deadlineAt }),
  stopTimeoutMs: request.stopTimeoutMs,
  healthyWithinMs: request.healthyWithinMs,
  ...(request.startAfter === undefined ? {} : { startAfter: request.startAfter }),
  guard: request.guard,
})

/** An earlier hold that was never paid back, or an earlier attempt of this one. What is owed stays; who owes it is new. */
async function adopt(tools: HoldTools, existing: JournalEntry, request: StopRequest): Promise<JournalEntry> {
  if (existing.lease === 'write' && !isSameRestore(existing, request)) throw keptByRestore(existing)
  // Processes of another boot are gone, and their numbers are given to strangers.
  if (existing.bootId === tools.journal.bootId) await endLeftovers(existing)
  const {
    deadlineAt: _deadlineAt,
    startAfter: _startAfter,
    stopProcess: _stopProcess,
    startProcess: _startProcess,
    ...owed
  } = existing
  const entry: JournalEntry = { ...owed, ...leaseOf(request), bootId: tools.journal.bootId }
  await tools.journal.update(entry)
  return entry
}

/** An entry that names no restore may be taken over by any: it was written before entries did. */
const isSameRestore = (existing: JournalEntry, { lease, restoreId }: StopRequest): boolean =>
  lease === 'write' && (existing.restoreId === undefined || existing.restoreId === restoreId)

const keptByRestore = ({ service, guard, restoreId }: JournalEntry) =>
  new HoldfastError(
    'lease.busy',
    `${service} is kept down by a restore that has not ended (${restoreId ?? guard.workflowId}): its data may be half restored.`,
    {
      hint: endsOf(service, restoreId),
    },
  )

/** What a killed worker has left at work: it would go on beside ours. */
async function endLeftovers({ stopProcess, startProcess }: JournalEntry): Promise<void> {
  for (const leftover of [startProcess, stopProcess]) {
    if (leftover && (await isAlive(leftover))) await endGroup(leftover.pid, 'ask')
  }
}

/** The stop is cancelled when the deadline passes: the start that follows finishes it first. */
async function untilDeadline<T>(
  tools: HoldTools,
  { service, deadlineAt }: StopRequest,
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  if (deadlineAt === undefined) return work(signal)
  const leftMs = new Date(deadlineAt).getTime() - tools.clock().getTime()
  if (leftMs <= 0) throw expired(service, deadlineAt)
  const deadline = AbortSignal.timeout(leftMs)
  try {
    return await work(AbortSignal.any([signal, deadline]))
  } catch (error) {
    throw deadline.aborted && !signal.aborted ? expired(service, deadlineAt) : error
  }
}

/** A deadline that has passed stays so: trying again would only keep the service down for longer. */
function expired(service: string, deadlineAt: string): ApplicationFailure {
  const { message, type, details } = failureOf(
    new HoldfastError(
      'lease.expired',
      `${service} had not stopped when its longest downtime was over (${deadlineAt}).`,
      {
        hint: 'Give the hold a longer `maxDowntime`, or a shorter `stopTimeout`.',
      },
    ),
  )
  return ApplicationFailure.create({
    message,
    ...(type == null ? {} : { type }),
    details: details ?? [],
    nonRetryable: true,
  })
}
