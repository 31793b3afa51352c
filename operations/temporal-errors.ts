import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common'
import { WorkflowFailedError } from '@temporalio/client'
import { causesOf } from '../core/causes.js'
import { HoldfastError } from '../core/errors.js'
import { errorOf } from '../core/failure.js'
import { grpc, grpcCodeOf } from '../core/grpc.js'

/** Runs what speaks to Temporal, and turns what it throws into what a person can act on. Bugs pass as they are. */
export async function asking<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw explained(thrown, subject)
  }
}

/** The expected failure behind what Temporal's client threw; what it threw where there is none. */
export function explained(thrown: unknown, subject: string): unknown {
  const expected = errorOf(thrown)
  if (expected !== undefined) return expected
  return failureOfWorkflow(thrown, subject) ?? failureOfServer(thrown) ?? thrown
}

/** The run ended because somebody cancelled it, however deep that is wrapped. */
export const wasCancelled = (thrown: unknown): boolean =>
  thrown instanceof WorkflowFailedError &&
  causesOf(thrown).some((cause) => cause instanceof CancelledFailure) &&
  errorOf(thrown) === undefined

/** Temporal could not be reached; it may be soon. */
export const isTransient = (thrown: unknown): boolean => {
  const code = grpcCodeOf(thrown)
  return code === grpc.unavailable || code === grpc.deadlineExceeded
}

export const isNotFound = (thrown: unknown): boolean =>
  grpcCodeOf(thrown) === grpc.notFound || (thrown instanceof Error && thrown.name.endsWith('NotFoundError'))

export const isAlreadyThere = (thrown: unknown): boolean =>
  grpcCodeOf(thrown) === grpc.alreadyExists ||
  (thrown instanceof Error && /Already(Running|Started)/.test(thrown.name))

function failureOfWorkflow(thrown: unknown, subject: string): HoldfastError | undefined {
  if (!(thrown instanceof WorkflowFailedError)) return undefined
  const chain = causesOf(thrown)
  const timeout = chain.find((cause) => cause instanceof TimeoutFailure)
  if (timeout?.timeoutType === 'SCHEDULE_TO_START') {
    return new HoldfastError('agent.offline', `No worker took up ${subject}.`, {
      hint: 'Start the agent of its host with `holdfast up`; `holdfast status` shows which workers are connected.',
      cause: thrown,
    })
  }
  if (chain.some((cause) => cause instanceof TerminatedFailure)) {
    return new HoldfastError('run.failed', `Somebody terminated ${subject}.`, {
      hint: 'Its services are started again by their guard. Start it again if you want it.',
      cause: thrown,
    })
  }
  const last = chain.at(-1)
  return new HoldfastError(
    'run.failed',
    `What was asked for failed, ${subject}: ${last?.message ?? thrown.message}`,
    {
      hint: 'The Temporal page of the run shows each of its steps; `holdfast run show ID` sums it up.',
      cause: thrown,
    },
  )
}

function failureOfServer(thrown: unknown): HoldfastError | undefined {
  const code = grpcCodeOf(thrown)
  if (code === undefined) return undefined
  if (isTransient(thrown)) {
    return new HoldfastError('temporal.unreachable', 'Temporal does not answer any more.', {
      hint: 'What runs goes on by itself once it is back. Look at `holdfast status`.',
      cause: thrown,
    })
  }
  const message = causesOf(thrown)
    .map((cause) => (cause as { details?: unknown }).details)
    .find((details): details is string => typeof details === 'string' && details !== '')
  return new HoldfastError(
    'temporal.failed',
    `Temporal refused the request: ${message ?? (thrown as Error).message}`,
    {
      hint: 'Check that `holdfast` and the agent are of one version; the log of the server tells more.',
      cause: thrown,
    },
  )
}
