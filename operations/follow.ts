import { defaultPayloadConverter } from '@temporalio/common'
import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import { HoldfastError } from '../core/errors.js'
import { messages, type RunProgress } from '../core/messages.js'
import { isCopied, type CopyProgress, type CopyReport } from '../core/copies.js'
import type { CaptureProgress } from '../core/work/capture.js'
import type { BackupRunResult } from '../core/work/runs.js'
import type { RunReference, StartedRun } from './runs.js'
import { asking, explained, isNotFound, isTransient, wasCancelled } from './temporal-errors.js'

/** What is known of a running run at one moment. */
export interface RunView {
  /** What the run says of itself; left out until it first answered. */
  readonly progress?: RunProgress
  /** Captures that are being read right now, as their last heartbeat said it. */
  readonly captures: readonly CaptureProgress[]
  /** Copies that are being made right now, in the same way. */
  readonly copies: readonly CopyProgress[]
  /** What failed and is tried again. */
  readonly retries: readonly Retry[]
}

export interface Retry {
  readonly activity: string
  readonly attempt: number
  readonly message: string
}

export type RunEnd<T> =
  | { readonly status: 'completed'; readonly result: T }
  | { readonly status: 'cancelled' }
  /** We stopped looking; the run goes on. */
  | { readonly status: 'left' }

export interface FollowOptions {
  readonly everyMs: number
  /** Left out: nobody looks, only the end is waited for. */
  readonly onView?: (view: RunView) => void
  /** Stops the following, never the run. */
  readonly signal: AbortSignal
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** A query that takes longer is left: the next one comes soon, and a worker that is away must not freeze the view. */
const QUERY_LIMIT_MS = 3000
/** How often the result is asked for again when Temporal is away; each try lasts half a minute in the client itself. */
const RESULT_ATTEMPTS = 10

/**
 * Shows a run until it ends, and gives its result. A failed run throws its own `HoldfastError`. A Temporal that is away
 * for a few minutes is waited for.
 */
export async function followRun<T>(
  client: Client,
  run: StartedRun<T>,
  options: FollowOptions,
): Promise<RunEnd<T>> {
  const stopLooking = new AbortController()
  const looking = keepLooking(client, run, options, AbortSignal.any([stopLooking.signal, options.signal]))
  const left = new Promise<RunEnd<T>>((resolve) => {
    if (options.signal.aborted) resolve({ status: 'left' })
    options.signal.addEventListener('abort', () => resolve({ status: 'left' }), {
      ...{ once: true, signal: stopLooking.signal },
    })
  })
  const end = endOfRun<T>(client, run, options.signal)
  // Left behind when we stop looking first: it may fail when the connection is closed.
  end.catch(() => undefined)
  try {
    return await Promise.race([end, left])
  } finally {
    stopLooking.abort()
    await looking
  }
}

async function endOfRun<T>(client: Client, run: RunReference, signal: AbortSignal): Promise<RunEnd<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = (await client.workflow.result(run.workflowId, run.runId)) as T
      return { status: 'completed', result }
    } catch (thrown) {
      if (wasCancelled(thrown)) return { status: 'cancelled' }
      if (isNotFound(thrown)) throw forgotten(run)
      if (!isTransient(thrown) || attempt >= RESULT_ATTEMPTS || signal.aborted)
        throw explained(thrown, run.workflowId)
    }
  }
}

/** Its server was replaced by another, or keeps what has ended for less long than we looked away. */
const forgotten = ({ workflowId }: RunReference): HoldfastError =>
  new HoldfastError('run.not-found', `Temporal does not know ${workflowId} any more.`, {
    hint: '`holdfast status` shows whether anything is still held, `holdfast backup list` what there is.',
  })

/** Without an end of its own: ends with the run, or when nobody looks any more. */
async function keepLooking(
  client: Client,
  run: RunReference,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const { onView } = options
  if (onView === undefined) return
  let last: RunView = { captures: [], copies: [], retries: [] }
  while (!signal.aborted) {
    last = await look(client, run, last, signal)
    if (!signal.aborted) onView(last)
    await options.sleep(options.everyMs, signal)
  }
}

/** One look. What cannot be had now stays as it was: progress is no reason to fail. */
async function look(client: Client, run: RunReference, last: RunView, signal: AbortSignal): Promise<RunView> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(QUERY_LIMIT_MS)])
  const [progress, pending] = await Promise.allSettled([
    client.connection.withAbortSignal(limit, () => handle.query<RunProgress>(messages.progress)),
    client.connection.withAbortSignal(limit, async () => pendingOf(await handle.describe())),
  ])
  const known = progress.status === 'fulfilled' ? progress.value : last.progress
  return {
    ...(known === undefined ? {} : { progress: known }),
    captures: pending.status === 'fulfilled' ? pending.value.captures : last.captures,
    copies: pending.status === 'fulfilled' ? pending.value.copies : last.copies,
    retries: pending.status === 'fulfilled' ? pending.value.retries : last.retries,
  }
}

/** What is going on in a run right now, looked at once. */
export const viewRun = (client: Client, run: RunReference): Promise<RunView> =>
  asking(run.workflowId, () =>
    look(client, run, { captures: [], copies: [], retries: [] }, new AbortController().signal),
  )

function pendingOf(
  description: WorkflowExecutionDescription,
): Pick<RunView, 'captures' | 'copies' | 'retries'> {
  const pending = description.raw.pendingActivities ?? []
  const detailsOf = (...names: readonly string[]): unknown[] =>
    pending.flatMap(({ activityType, heartbeatDetails }) => {
      const payload = heartbeatDetails?.payloads?.[0]
      return !names.includes(activityType?.name ?? '') || payload == null
        ? []
        : [defaultPayloadConverter.fromPayload<unknown>(payload)]
    })
  return {
    captures: detailsOf('capture', 'upload').filter(isCaptureProgress),
    copies: detailsOf('replicate').filter(isCopyProgress),
    retries: pending.flatMap((activity) => {
      const message = activity.lastFailure?.message
      if (message == null || message === '' || (activity.attempt ?? 1) < 2) return []
      return [
        { activity: activity.activityType?.name ?? 'activity', attempt: activity.attempt ?? 1, message },
      ]
    }),
  }
}

const isCaptureProgress = (details: unknown): details is CaptureProgress =>
  hasFields(details, { source: 'string', plainBytes: 'number', storedBytes: 'number' })

const isCopyProgress = (details: unknown): details is CopyProgress =>
  hasFields(details, { destination: 'string', backupBytes: 'number', backupTotalBytes: 'number' })

/** Heartbeats of another version of the worker are left out rather than believed. */
const hasFields = (details: unknown, types: Readonly<Record<string, 'string' | 'number'>>): boolean =>
  typeof details === 'object' &&
  details !== null &&
  Object.entries(types).every(([name, type]) => typeof (details as Record<string, unknown>)[name] === type)

/** Where copies are missing after a run that ended partial, each destination with its report. */
export async function missingCopiesOf(client: Client, run: RunReference): Promise<readonly CopyReport[]> {
  const { copies, copiesAt } = await asking(run.workflowId, async () => {
    const result: unknown = await client.workflow.result(run.workflowId, run.runId)
    return result as Partial<Pick<BackupRunResult, 'copiesAt'> & { copies: unknown }>
  })
  // A run that only made copies has their reports where a backup has its verdict.
  const reports = copiesAt ?? (Array.isArray(copies) ? (copies as readonly CopyReport[]) : [])
  return reports.filter((report) => !isCopied(report))
}

/** Why a run failed, for people; undefined where that was nothing expected. */
export async function failureOfRun(client: Client, run: RunReference): Promise<HoldfastError | undefined> {
  try {
    await client.workflow.result(run.workflowId, run.runId)
    return undefined
  } catch (thrown) {
    const error = explained(thrown, run.workflowId)
    return error instanceof HoldfastError ? error : undefined
  }
}
