import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import { assert } from '../core/assert.js'
import { HoldfastError } from '../core/errors.js'
import { failureOf } from '../core/failure.js'
import { admissionOf, answerTo, type Refusal } from '../core/guard-leases.js'
import { decide, newGuard } from '../core/guard.js'
import type { GuardEvent } from '../core/guard-state.js'
import type { Lease, LeaseGrant } from '../core/work/holds.js'
import { attributes } from './steps/attributes.js'
import { guardHands, type GuardEnd } from './steps/guard-hands.js'
import { acquireUpdate, guardStateQuery, releaseSignal } from './steps/signals.js'

export interface GuardInput {
  readonly host: string
  /** Canonical reference. */
  readonly service: string
}

/** An update that starts a guard is not atomic: the guard may come to life without its lease. */
const IDLE_LIMIT_MS = 5 * 60_000

/**
 * Owns one window of downtime of one service: stops it for the first lease, keeps it still for all, starts it when the
 * last has ended, at the deadline, or when a holder is gone. Everything it decides is in `core/guard.ts`; this carries
 * it out. Never a child of a run: it must outlive every holder.
 */
export async function serviceGuard({ host, service }: GuardInput): Promise<GuardEnd> {
  let state = newGuard(service)
  const hands = guardHands({ host, service }, (event) => apply(event))
  const apply = (event: GuardEvent): void => {
    const decision = decide(state, event, Date.now())
    state = decision.state
    for (const command of decision.commands) hands.perform(command)
  }

  setHandler(guardStateQuery, () => state)
  setHandler(releaseSignal, (release) => apply({ type: 'release', ...release }))
  setHandler(
    acquireUpdate,
    // A handler runs in the root scope: without this, cancelling the guard would fail every waiting lease as cancelled.
    (lease) =>
      CancellationScope.nonCancellable(async () => {
        apply({ type: 'acquire', lease })
        await condition(() => answerTo(state, lease) !== undefined)
        return grantOf(answerTo(state, lease))
      }),
    { validator: (lease: Lease) => refuse(admissionOf(state, lease, Date.now())) },
  )
  // The promise only ever rejects: with the cancellation.
  CancellationScope.current().cancelRequested.catch(() => apply({ type: 'cancel' }))

  return CancellationScope.nonCancellable(async () => {
    upsertSearchAttributes(attributes({ host, kind: 'guard' }))
    if (!(await condition(() => state.phase !== 'idle', IDLE_LIMIT_MS))) apply({ type: 'idle' })
    const closed = await hands.closed()
    // An accepted update that is never answered would leave its run waiting for a guard that is gone.
    await condition(allHandlersFinished)
    return resultOf(service, closed, state.refusal?.message)
  })
}

function grantOf(answer: ReturnType<typeof answerTo>): LeaseGrant {
  assert(answer, 'a lease was answered with nothing')
  if ('grant' in answer) return answer.grant
  throw failureOfRefusal(answer)
}

function refuse(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw failureOfRefusal(refusal)
}

/** Final refusals say so: a holder that tried again would only cause the next failing stop. */
function failureOfRefusal({ error, retry }: Refusal): ApplicationFailure {
  if (error.code === 'bug') {
    return ApplicationFailure.create({ message: error.message, type: 'bug', nonRetryable: retry === 'never' })
  }
  const { hint, details } = error
  const context = { ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) }
  return failureOf(new HoldfastError(error.code, error.message, context), { retry })
}

/** A guard that could not keep its promise is red in every list of workflows. */
function resultOf(service: string, { outcome, reason }: GuardEnd, refusal?: string): GuardEnd {
  if (outcome === 'left-down' || outcome === 'not-restarted') {
    throw new HoldfastError('service.start-failed', `${service} is down: ${reason}`, {
      hint: 'Its entry in the journal says how it was before. See `holdfast status`.',
    })
  }
  return { outcome, reason: refusal ?? reason }
}
