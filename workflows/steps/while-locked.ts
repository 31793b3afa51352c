import { CancellationScope, condition, uuid4, workflowInfo } from '@temporalio/workflow'
import { workflowIds } from '../../core/ids.js'
import { waitActivities } from '../proxies.js'
import type { Inbox } from './inbox.js'
import { releaseLockSignal, tell } from './signals.js'

/** A lock that was terminated forgets who waits: asking again is how one finds a new one. */
const ASK_AGAIN_MS = 10 * 60_000

export interface LockWish {
  readonly lock: string
  readonly places: 1 | 'captures'
  readonly mode: 'exclusive' | 'shared'
  /** For people: `backup of shop`. */
  readonly purpose: string
  readonly host: string
  /** Told whenever it changes for whom we wait; empty: not any more. */
  readonly onWait: (behind: readonly string[]) => void
}

/** Somebody else had the lock, and we were not to wait. */
export interface NotWaited {
  readonly heldBy: readonly string[]
}

/** Does `work` while the lock is ours, and gives it back in any case; waits for its turn. */
export const whileLockedWaiting = async <T>(
  inbox: Inbox,
  wish: LockWish,
  work: () => Promise<T>,
): Promise<T> => {
  const requestId = uuid4()
  return givingBack(requestId, wish, async () => {
    await askUntilAnswered(inbox, requestId, wish)
    await waitForTurn(inbox, requestId, wish)
    return work()
  })
}

/** Does `work` while nobody else has the plan; waits for its turn. */
export const whilePlanIsOurs = <T>(
  inbox: Inbox,
  { plan, ...wish }: Pick<LockWish, 'purpose' | 'host' | 'onWait'> & { readonly plan: string },
  work: () => Promise<T>,
): Promise<T> =>
  whileLockedWaiting(inbox, { lock: workflowIds.planLock(plan), places: 1, mode: 'exclusive', ...wish }, work)

/** As `whileLockedWaiting`, but where one would have to wait, `work` is not done: returns for whom. */
export async function whileLockedOrSkipped<T>(
  inbox: Inbox,
  wish: LockWish,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | NotWaited> {
  const requestId = uuid4()
  return givingBack(requestId, wish, async () => {
    await askUntilAnswered(inbox, requestId, wish)
    if (!inbox.granted.has(requestId)) return { heldBy: inbox.queued.get(requestId) ?? [] }
    return { value: await work() }
  })
}

async function givingBack<T>(requestId: string, { lock }: LockWish, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    // The lock may be gone already: then there is nothing to give back.
    await CancellationScope.nonCancellable(() =>
      tell({ workflowId: lock }, (handle) => handle.signal(releaseLockSignal, { requestId })),
    )
  }
}

async function askUntilAnswered(inbox: Inbox, requestId: string, wish: LockWish): Promise<void> {
  const isAnswered = () => inbox.granted.has(requestId) || inbox.queued.has(requestId)
  do await ask(requestId, wish)
  while (!(await condition(isAnswered, ASK_AGAIN_MS)))
}

async function waitForTurn(inbox: Inbox, requestId: string, wish: LockWish): Promise<void> {
  if (inbox.granted.has(requestId)) return
  while (!inbox.granted.has(requestId)) {
    const behind = inbox.queued.get(requestId) ?? []
    wish.onWait(behind)
    const isNews = () => inbox.granted.has(requestId) || inbox.queued.get(requestId) !== behind
    if (!(await condition(isNews, ASK_AGAIN_MS))) await ask(requestId, wish)
  }
  wish.onWait([])
}

function ask(requestId: string, { lock, places, mode, purpose, host }: LockWish): Promise<void> {
  const { workflowId, runId } = workflowInfo()
  const request = { requestId, holder: { workflowId, runId }, mode, purpose }
  return waitActivities(host).requestLock.executeWithOptions({ summary: `${purpose}: asks for ${lock}` }, [
    { lock, places, request, host },
  ])
}
