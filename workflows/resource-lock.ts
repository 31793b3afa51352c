import {
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import { assertNever } from '../core/assert.js'
import {
  decideLock,
  isFree,
  newLock,
  type LockCommand,
  type LockEvent,
  type LockState,
} from '../core/lock.js'
import type { LockRequestMessage } from '../core/messages.js'
import { waitActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'
import {
  lockGrantedSignal,
  lockQueuedSignal,
  lockStateQuery,
  releaseLockSignal,
  requestLockSignal,
  tell,
} from './steps/signals.js'

/**
 * One lock, by its workflow id. Closes when nobody has it and nobody waits; the next request starts it anew. Whoever
 * holds it is watched: a lock whose holder is gone is free. `before`: what its forerunner handed over.
 */
export async function resourceLock(before?: LockState): Promise<void> {
  let state = before ?? newLock()
  let telling = 0
  const watches = new Map<string, CancellationScope>()

  const apply = (event: LockEvent): void => {
    const decision = decideLock(state, event)
    state = decision.state
    for (const command of decision.commands) perform(command)
  }
  const perform = (command: LockCommand): void => {
    switch (command.type) {
      case 'watch':
        return watch(command.request)
      case 'unwatch':
        watches.get(command.requestId)?.cancel()
        watches.delete(command.requestId)
        return
      case 'grant':
      case 'queue':
        telling++
        return void answer(command).finally(() => telling--)
      default:
        return assertNever(command)
    }
  }
  const watch = ({ requestId, holder, host }: LockRequestMessage): void => {
    const scope = new CancellationScope()
    watches.set(requestId, scope)
    void scope
      .run(() => waitActivities(host).watchHolder(holder.workflowId, holder.runId))
      .then(
        () => apply({ type: 'holder-gone', requestId }),
        (error: unknown) => {
          if (!isCancellation(error)) log.warn('holder is not watched', { requestId, error: String(error) })
        },
      )
  }

  // A cancelled lock would let two runs in at once: only terminating it does that, and says so.
  return CancellationScope.nonCancellable(async () => {
    upsertSearchAttributes(attributes({ kind: 'lock' }))
    setHandler(lockStateQuery, () => state)
    setHandler(releaseLockSignal, ({ requestId }) => survive(() => apply({ type: 'release', requestId })))
    setHandler(requestLockSignal, (request) => survive(() => apply({ type: 'request', request })))
    for (const { request } of state.requests) watch(request)
    const isQuiet = () => telling === 0 && allHandlersFinished()
    await condition(() => isQuiet() && (isFree(state) || workflowInfo().continueAsNewSuggested))
    for (const scope of watches.values()) scope.cancel()
    if (!isFree(state)) await continueAsNew<typeof resourceLock>(state)
  })
}

/** Handlers run in the root scope; what they begin must not end with a cancellation. */
const survive = (work: () => void): void => void CancellationScope.nonCancellable(async () => work())

const answer = (command: Extract<LockCommand, { type: 'grant' | 'queue' }>) => {
  const { requestId, holder } = command.request
  const lock = workflowInfo().workflowId
  return tell(holder, (handle) =>
    command.type === 'grant'
      ? handle.signal(lockGrantedSignal, { lock, requestId })
      : handle.signal(lockQueuedSignal, { lock, requestId, behind: command.behind }),
  )
}
