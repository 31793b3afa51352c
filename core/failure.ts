import { ApplicationFailure } from '@temporalio/common'
import { HoldfastError, errorCatalogue, isRetryable, type ErrorCode } from './errors.js'

/** How many causes are followed: chains are short, loops are bugs. */
const MAX_CAUSES = 10

interface FailureDetails {
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** What Temporal records of an expected failure: code as type, hint and details beside it, no stack of causes. */
export function failureOf(error: HoldfastError): ApplicationFailure {
  const details: FailureDetails = {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  }
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: !isRetryable(error.kind),
    details: [details],
  })
}

/** The expected failure inside what Temporal threw, however deep it is wrapped; undefined where there is none. */
export function errorOf(thrown: unknown): HoldfastError | undefined {
  let current: unknown = thrown
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    if (current instanceof HoldfastError) return current
    if (current instanceof ApplicationFailure && isErrorCode(current.type)) {
      const details = (current.details?.[0] ?? {}) as FailureDetails
      return new HoldfastError(current.type, current.message, details)
    }
    current = current.cause
  }
  return undefined
}

const isErrorCode = (type: unknown): type is ErrorCode => typeof type === 'string' && type in errorCatalogue
