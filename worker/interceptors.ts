import { CompleteAsyncError, type Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { Log } from '../activities/log.js'
import { causesOf } from '../core/causes.js'
import { HoldfastError } from '../core/errors.js'
import { failureOf } from '../core/failure.js'

/** What Temporal keeps of a failure is at most 4 KB, and it is kept for a month. */
const MAX_MESSAGE_LENGTH = 1500

export interface TranslateOptions {
  readonly log: Log
  /** Takes out of a text what may be a secret. */
  readonly redact: (text: string) => string
}

/** The edge between our errors and Temporal's failures: nothing else translates. */
export const translateFailures =
  (options: TranslateOptions): ActivityInterceptorsFactory =>
  (context) => ({
    inbound: {
      execute: async (input, next) => {
        try {
          return await next(input)
        } catch (thrown) {
          throw toFailure(thrown, context, options)
        }
      },
    },
  })

/**
 * An expected error by its code; a cancellation as what it is; anything else as a bug, of which Temporal learns no more than
 * its name, since its message may hold anything: the whole is in the worker's log.
 */
export function toFailure(
  thrown: unknown,
  context: Pick<Context, 'info' | 'cancellationSignal'>,
  { log, redact }: TranslateOptions,
): unknown {
  if (thrown instanceof CompleteAsyncError || thrown instanceof TemporalFailure) return thrown
  if (context.cancellationSignal.aborted && isAbort(thrown)) return new CancelledFailure('cancelled')
  if (thrown instanceof HoldfastError) return failureOf(redacted(thrown, redact))
  const activity = context.info.activityType
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  log.error('unexpected error in an activity', {
    activity,
    attempt: context.info.attempt,
    error: redact(stack),
  })
  return ApplicationFailure.create({
    type: 'bug',
    message: `Unexpected ${kindOf(thrown)} in ${activity}: the log of the worker has it whole.`,
  })
}

function redacted(error: HoldfastError, redact: (text: string) => string): HoldfastError {
  return new HoldfastError(error.code, short(redact(error.message)), {
    ...(error.hint === undefined ? {} : { hint: short(redact(error.hint)) }),
    ...(error.details === undefined ? {} : { details: redactedDetails(error.details, redact) }),
  })
}

/** As text and back: details are small JSON, and a secret may stand at any depth. */
function redactedDetails(
  details: Readonly<Record<string, unknown>>,
  redact: (text: string) => string,
): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(details, (_key, value: unknown) =>
      typeof value === 'string' ? short(redact(value)) : value,
    ),
  ) as Record<string, unknown>
}

const short = (text: string): string =>
  text.length <= MAX_MESSAGE_LENGTH ? text : `${text.slice(0, MAX_MESSAGE_LENGTH)}…`

/** What streams and `AbortSignal`s throw when they are told to stop, also when somebody added what was stopped by it. */
function isAbort(thrown: unknown): boolean {
  return causesOf(thrown).some(
    (cause) =>
      cause instanceof CancelledFailure ||
      cause.name === 'AbortError' ||
      (cause as NodeJS.ErrnoException).code === 'ABORT_ERR',
  )
}

/** `TypeError`, `Error ENOTDIR`: names and codes are ours to tell, messages are not. */
function kindOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown
  const { code } = thrown as NodeJS.ErrnoException
  return typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? `${thrown.name} ${code}` : thrown.name
}
