import fc from 'fast-check'
import {
  decideLock,
  isFree,
  newLock,
  type LockCommand,
  type LockEvent,
  type LockState,
} from '../../core/lock.js'
import type { LockRequestMessage } from '../../core/messages.js'
import { longer } from '../support/long.js'

const request = (requestId: string, changes: Partial<LockRequestMessage> = {}): LockEvent => ({
  type: 'request',
  request: {
    requestId,
    holder: { workflowId: `run-${requestId}`, runId: 'r' },
    mode: 'exclusive',
    purpose: 'test',
    places: 1,
    host: 'nas',
    ...changes,
  },
})
const release = (requestId: string): LockEvent => ({ type: 'release', requestId })

function after(events: readonly LockEvent[]): { state: LockState; said: string[] } {
  let state = newLock()
  let commands: readonly LockCommand[] = []
  for (const event of events) ({ state, commands } = decideLock(state, event))
  return { state, said: commands.map(inWords) }
}

function inWords(command: LockCommand): string {
  const id = 'request' in command ? command.request.requestId : command.requestId
  return command.type === 'queue'
    ? `queue ${id} behind ${command.behind.join(', ')}`
    : `${command.type} ${id}`
}

const held = (state: LockState) =>
  state.requests.filter(({ isGranted }) => isGranted).map(({ request: asked }) => asked.requestId)

test.each<[string, LockEvent[], string[]]>([
  ['the first is granted', [request('a')], ['watch a', 'grant a']],
  ['the second waits, and knows for whom', [request('a'), request('b')], ['watch b', 'queue b behind run-a']],
  [
    'the next is granted, and the others learn that they moved up',
    [request('a'), request('b'), request('c'), release('a')],
    ['unwatch a', 'grant b', 'queue c behind run-b'],
  ],
  ['asking again is answered again', [request('a'), request('b'), request('b')], ['queue b behind run-a']],
  ['a release that overtakes its request is remembered', [release('a'), request('a')], []],
  [
    'a holder that is gone gives up its place',
    [request('a'), request('b'), { type: 'holder-gone', requestId: 'a' }],
    ['unwatch a', 'grant b'],
  ],
  [
    'those that share do so at once',
    [request('a', { mode: 'shared' }), request('b', { mode: 'shared' })],
    ['watch b', 'grant b'],
  ],
  [
    'who shares does not overtake who waits',
    [request('a', { mode: 'shared' }), request('b'), request('c', { mode: 'shared' })],
    ['watch c', 'queue c behind run-a, run-b'],
  ],
  [
    'several places hold several',
    [request('a', { places: 2 }), request('b', { places: 2 })],
    ['watch b', 'grant b'],
  ],
])('%s', (_, events, said) => {
  expect(after(events).said).toEqual(said)
})

const events = fc.array(
  fc.oneof(
    fc
      .record({ id: fc.nat({ max: 8 }), mode: fc.constantFrom('exclusive' as const, 'shared' as const) })
      .map(({ id, mode }) => request(String(id), { mode, places: 2 })),
    fc.nat({ max: 8 }).map((id) => release(String(id))),
    fc.nat({ max: 8 }).map((id): LockEvent => ({ type: 'holder-gone', requestId: String(id) })),
  ),
  { maxLength: 40 },
)

test('never more holders than places; nobody waits while there is a place; in the order in which they came', () => {
  fc.assert(
    fc.property(events, (sequence) => {
      const { state } = after(sequence)

      const granted = state.requests.filter(({ isGranted }) => isGranted)
      const exclusive = granted.filter(({ request: asked }) => asked.mode === 'exclusive').length
      const shared = granted.length > exclusive ? 1 : 0
      expect(exclusive + shared).toBeLessThanOrEqual(2)
      if (granted.length < state.requests.length) expect(exclusive + shared).toBe(2)
      expect(state.requests.slice(0, granted.length)).toEqual(granted)
    }),
    { numRuns: longer(2000) },
  )
})

test('when all have left it is free', () => {
  fc.assert(
    fc.property(events, (sequence) => {
      let { state } = after(sequence)

      for (let id = 0; id <= 8; id++) ({ state } = decideLock(state, release(String(id))))

      expect(isFree(state)).toBe(true)
      expect(held(state)).toEqual([])
    }),
  )
})
