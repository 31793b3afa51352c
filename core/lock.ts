import type { LockRequestMessage } from './messages.js'

/** Who has a lock and who waits for it, both in the order in which they came. */
export interface LockState {
  readonly places: number
  readonly requests: readonly LockPlace[]
  /** Ids of released requests: a release may overtake its request. */
  readonly released: readonly string[]
}

export interface LockPlace {
  readonly request: LockRequestMessage
  readonly isGranted: boolean
  /** Workflow ids of who is before it, as it was told last. */
  readonly toldBehind?: readonly string[]
}

export type LockEvent =
  | { readonly type: 'request'; readonly request: LockRequestMessage }
  | { readonly type: 'release'; readonly requestId: string }
  | { readonly type: 'holder-gone'; readonly requestId: string }

export type LockCommand =
  | { readonly type: 'watch'; readonly request: LockRequestMessage }
  | { readonly type: 'unwatch'; readonly requestId: string }
  | { readonly type: 'grant'; readonly request: LockRequestMessage }
  | { readonly type: 'queue'; readonly request: LockRequestMessage; readonly behind: readonly string[] }

/** Releases that overtook their request are few and young: older ones are forgotten. */
const MAX_RELEASED = 1000

export const newLock = (): LockState => ({ places: 1, requests: [], released: [] })

/** Nobody has it, nobody wants it. */
export const isFree = (state: LockState): boolean => state.requests.length === 0

/**
 * First come, first served: nobody overtakes, so nobody starves. One place is taken by each exclusive holder, and by all
 * that share it together. Who waits is told for whom, again whenever that changes. Safe to ask twice with one request id.
 */
export function decideLock(
  state: LockState,
  event: LockEvent,
): { readonly state: LockState; readonly commands: readonly LockCommand[] } {
  if (event.type === 'request') return request(state, event.request)
  const released =
    event.type === 'release' && !state.released.includes(event.requestId)
      ? [...state.released, event.requestId].slice(-MAX_RELEASED)
      : state.released
  const isKnown = state.requests.some((place) => place.request.requestId === event.requestId)
  if (!isKnown) return { state: { ...state, released }, commands: [] }
  const requests = state.requests.filter((place) => place.request.requestId !== event.requestId)
  const after = grantAndTell({ ...state, requests, released })
  return {
    state: after.state,
    commands: [{ type: 'unwatch', requestId: event.requestId }, ...after.commands],
  }
}

function request(state: LockState, asked: LockRequestMessage): ReturnType<typeof decideLock> {
  const known = state.requests.find((place) => place.request.requestId === asked.requestId)
  // Asked again: the answer may have been lost, so it is given again.
  if (known) return { state, commands: [answerTo(known)] }
  if (state.released.includes(asked.requestId)) return { state, commands: [] }
  const requests = [...state.requests, { request: asked, isGranted: false }]
  const after = grantAndTell({ ...state, places: asked.places, requests })
  return { state: after.state, commands: [{ type: 'watch', request: asked }, ...after.commands] }
}

const answerTo = ({ request, isGranted, toldBehind }: LockPlace): LockCommand =>
  isGranted ? { type: 'grant', request } : { type: 'queue', request, behind: toldBehind ?? [] }

function grantAndTell(state: LockState): ReturnType<typeof decideLock> {
  const requests: LockPlace[] = []
  const commands: LockCommand[] = []
  let isBlocked = false
  for (const place of state.requests) {
    if (place.isGranted) {
      requests.push(place)
      continue
    }
    const holders = [...requests, ...state.requests.slice(requests.length)].filter(
      ({ isGranted }) => isGranted,
    )
    isBlocked ||= !hasPlaceFor(place.request, holders, state.places)
    const next = isBlocked ? queued(place, requests) : { request: place.request, isGranted: true }
    if (next.isGranted || next !== place) commands.push(answerTo(next))
    requests.push(next)
  }
  return { state: { ...state, requests }, commands }
}

function hasPlaceFor({ mode }: LockRequestMessage, holders: readonly LockPlace[], places: number): boolean {
  const exclusive = holders.filter(({ request }) => request.mode === 'exclusive').length
  const isShared = holders.some(({ request }) => request.mode === 'shared')
  const taken = exclusive + (isShared ? 1 : 0)
  return taken < places || (mode === 'shared' && isShared)
}

function queued(place: LockPlace, before: readonly LockPlace[]): LockPlace {
  const behind = before.map(({ request }) => request.holder.workflowId)
  const isSame =
    place.toldBehind?.length === behind.length && behind.every((id, i) => id === place.toldBehind?.[i])
  return isSame ? place : { ...place, toldBehind: behind }
}
