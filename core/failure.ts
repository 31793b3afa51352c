import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common'
import { causesOf } from './causes.js'
import { HoldfastError, errorCatalogue, isRetryable, type ErrorCode } from './errors.js'

interface FailureDetails {
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * What Temporal records of an expected failure: code as type, hint and details beside it, no stack of causes. The kind
 * says whether it is tried again; `retry: 'never'` is for what the answerer knows to be final.
 */
export function failureOf(
  error: HoldfastError,
  { retry }: { retry: 'by-kind' | 'never' } = { retry: 'by-kind' },
): ApplicationFailure {
  const details: FailureDetails = {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  }
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: retry === 'never' || !isRetryable(error.kind),
    details: [details],
  })
}

/**
 * The expected failure inside what Temporal threw, however deep it is wrapped; undefined where there is none. A worker
 * that is not there or was lost is expected too.
 */
export function errorOf(thrown: unknown): HoldfastError | undefined {
  let activity: string | undefined
  for (const current of causesOf(thrown)) {
    if (current instanceof HoldfastError) return current
    if (current instanceof ApplicationFailure && isErrorCode(current.type)) {
      const details = (current.details?.[0] ?? {}) as FailureDetails
      return new HoldfastError(current.type, current.message, details)
    }
    if (current instanceof ActivityFailure) activity = current.activityType
    // A last failure inside the timeout says more than the timeout: it is the next cause.
    if (current instanceof TimeoutFailure && !(current.cause instanceof Error)) {
      return timeoutError(current, activity ?? 'a step')
    }
  }
  return undefined
}

/** Whether no worker took an activity. A failure inside the timeout is that of an earlier attempt, which one had taken. */
export const wasNeverTaken = (thrown: unknown): boolean =>
  thrown instanceof ActivityFailure &&
  thrown.cause instanceof TimeoutFailure &&
  thrown.cause.timeoutType === 'SCHEDULE_TO_START' &&
  !(thrown.cause.cause instanceof Error)

function timeoutError({ timeoutType }: TimeoutFailure, step: string): HoldfastError {
  if (timeoutType === 'SCHEDULE_TO_START') {
    return new HoldfastError('agent.offline', `No worker of the host took "${step}" in time.`, {
      hint: 'Start one with `holdfast up`, or see with `holdfast status` why it does not answer.',
    })
  }
  if (timeoutType === 'HEARTBEAT') {
    return new HoldfastError('agent.offline', `The worker was lost while it was at "${step}".`, {
      hint: 'See the log of the worker: it was killed, lost its connection, or ran out of memory.',
    })
  }
  return new HoldfastError('run.timeout', `"${step}" took longer than it may.`, {
    hint: 'Give the plan a longer `timeout`, or find out what was slow.',
  })
}

const isErrorCode = (type: unknown): type is ErrorCode => typeof type === 'string' && type in errorCatalogue
