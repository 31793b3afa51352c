import {
  isCancellation,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptorsFactory,
} from '@temporalio/workflow'
import { ApplicationFailure } from '@temporalio/common'
import { errorOf, failureOf } from '../core/failure.js'

/**
 * The workflow's edge: what is expected leaves as a failure with its code. Anything else but a failure fails the task,
 * which waits for the fix instead of losing the run.
 */
const edge: WorkflowInboundCallsInterceptor = {
  execute: (input, next) => translated(() => next(input)),
  handleUpdate: (input, next) => translated(() => next(input)),
  validateUpdate: (input, next) => {
    try {
      next(input)
    } catch (thrown) {
      throw failure(thrown)
    }
  },
}

export const interceptors: WorkflowInterceptorsFactory = () => ({ inbound: [edge] })

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw failure(thrown)
  }
}

/** A failure that was made on purpose stays as it is: it may say that it is final. */
function failure(thrown: unknown): unknown {
  if (isCancellation(thrown) || thrown instanceof ApplicationFailure) return thrown
  const error = errorOf(thrown)
  return error === undefined ? thrown : failureOf(error)
}
