import fc from 'fast-check'
import { decide, newGuard } from '../../core/guard.js'
import { admissionOf, answerTo } from '../../core/guard-leases.js'
import { MISSING_LIMIT_MS } from '../../core/guard-start.js'
import type { GuardCommand, GuardEvent, GuardState } from '../../core/guard-state.js'
import type { Lease } from '../../core/work/holds.js'

const SERVICE = 'command:web'
const MINUTE = 60_000

const lease = (leaseId: string, changes: Partial<Lease> = {}): Lease => ({
  leaseId,
  kind: 'read',
  holder: { workflowId: `run-${leaseId}`, runId: 'r' },
  service: SERVICE,
  mode: 'stop',
  maxDowntimeMs: 10 * MINUTE,
  stopTimeoutMs: 1000,
  healthyWithinMs: 1000,
  ...changes,
})
const write = (leaseId: string, restoreId: string) => lease(leaseId, { kind: 'write', restoreId })

const observed: GuardEvent = {
  type: 'observed',
  observed: { service: SERVICE, state: 'running' },
  running: [],
}
const stopped: GuardEvent = { type: 'stopped', stateBefore: 'running' }
const acquire = (asked: Lease): GuardEvent => ({ type: 'acquire', lease: asked })
const release = (leaseId: string, outcome: 'done' | 'restored' | 'undone' = 'done'): GuardEvent => ({
  type: 'release',
  leaseId,
  outcome,
})
type FailureCode = 'service.not-found' | 'docker.denied' | 'docker.unreachable' | 'restore.conflict'
const failed = (code: FailureCode) => {
  const kinds = {
    'service.not-found': 'missing',
    'docker.denied': 'denied',
    'docker.unreachable': 'unavailable',
    'restore.conflict': 'conflict',
  } as const
  return { code, kind: kinds[code], message: code }
}

/** Applies events one after another, a second apart. */
function after(events: readonly GuardEvent[], from: GuardState = newGuard(SERVICE)) {
  let state = from
  let commands: readonly GuardCommand[] = []
  for (const [i, event] of events.entries()) ({ state, commands } = decide(state, event, i * 1000))
  return { state, commands, kinds: commands.map(({ type }) => type) }
}

test('the first lease is watched, and the service observed', () => {
  expect(after([acquire(lease('a'))]).kinds).toEqual(['watch', 'observe'])
})

test('the deadline is the smallest limit after the stop was asked for, and no joiner moves it', () => {
  const { state } = after([
    acquire(lease('a', { maxDowntimeMs: 10 * MINUTE })),
    acquire(lease('b', { maxDowntimeMs: 5 * MINUTE })),
    observed,
    acquire(lease('c', { maxDowntimeMs: 60 * MINUTE })),
    stopped,
    release('b'),
  ])

  expect(state.window?.deadlineAt).toBe(new Date(2000 + 5 * MINUTE).toISOString())
})

test('the stop says how long the plans give the service to become healthy, for whoever starts it without its guard', () => {
  const { commands } = after([
    acquire(lease('a', { healthyWithinMs: 5000 })),
    acquire(lease('b', { healthyWithinMs: 2000 })),
    observed,
  ])

  expect(commands).toMatchObject([{ type: 'stop', healthyWithinMs: 5000 }])
})

test.each([
  ['one that would cut the hold of others', lease('b', { maxDowntimeMs: MINUTE }), 'lease.busy'],
  ['a restore', write('b', 'r/1'), 'lease.busy'],
  ['one with a longer limit', lease('b', { maxDowntimeMs: 60 * MINUTE }), undefined],
  ['a weaker mode', lease('b', { mode: 'pause' }), undefined],
])('who may join a hold that reads: %s', (_, joiner, code) => {
  const { state } = after([acquire(lease('a')), observed, stopped])

  expect(admissionOf(state, joiner, 3000)?.error.code).toBe(code)
})

test.each([
  ['in its first half', 5 * MINUTE, undefined],
  ['later', 5 * MINUTE + 1, 'lease.busy'],
  ['when its deadline has passed, and nobody has noticed yet', 60 * MINUTE, 'lease.busy'],
])('a hold that reads may be joined or has to be waited for: %s', (_, sinceStopMs, code) => {
  const { state } = after([acquire(lease('a')), observed, stopped])
  const now = Date.parse(state.window!.stopRequestedAt) + sinceStopMs

  expect(admissionOf(state, lease('b'), now)?.error.code).toBe(code)
  expect(admissionOf(state, lease('a'), now)).toBeUndefined()
})

test('a stop may not join a pause', () => {
  const { state } = after([acquire(lease('a', { mode: 'pause' })), observed, stopped])

  expect(admissionOf(state, lease('b'), 3000)).toMatchObject({
    error: { code: 'lease.busy' },
    retry: 'by-kind',
  })
})

test('a restore shares with nobody but itself', () => {
  const { state } = after([acquire(write('a', 'r/1')), observed, stopped])

  expect(admissionOf(state, lease('b'), 3000)?.error.code).toBe('lease.busy')
  expect(admissionOf(state, write('b', 'r/2'), 3000)?.error.code).toBe('lease.busy')
  expect(admissionOf(state, write('b', 'r/1'), 3000)).toBeUndefined()
})

test('a restore that was resumed is not ended by the end of its first run', () => {
  const { state } = after([
    acquire(write('a', 'r/1')),
    observed,
    stopped,
    acquire(write('b', 'r/1')),
    { type: 'holder-gone', leaseId: 'a', how: 'terminated' },
  ])

  expect(state).toMatchObject({ phase: 'stopped', leases: [{ leaseId: 'b' }] })
})

test('a release that overtakes its acquire is remembered, and final', () => {
  const { state } = after([release('a')])

  expect(admissionOf(state, lease('a'), 3000)).toMatchObject({
    error: { code: 'lease.released' },
    retry: 'never',
  })
})

test('a lease released during the stop is refused for good, and the service started', () => {
  const { state, kinds } = after([acquire(lease('a')), observed, release('a'), stopped])

  expect(answerTo(state, lease('a'))).toMatchObject({ error: { code: 'lease.released' }, retry: 'never' })
  expect(kinds).toEqual(['start'])
})

test('who leaves while others stay learns who keeps the service', () => {
  const { commands } = after([acquire(lease('a')), acquire(lease('b')), observed, stopped, release('a')])

  expect(commands).toMatchObject([
    { type: 'unwatch' },
    { type: 'report', lease: { leaseId: 'a' }, report: { health: 'held', heldBy: ['run-b'] } },
  ])
})

test('at the deadline the start comes first, then the holders are told', () => {
  const { kinds } = after([acquire(lease('a')), observed, stopped, { type: 'deadline' }])

  expect(kinds).toEqual(['start', 'revoke', 'unwatch'])
})

test('a deadline during the stop cancels the stop, then starts; nobody was granted, nobody is revoked', () => {
  const during = after([acquire(lease('a')), observed, { type: 'deadline' }])
  const afterwards = after([{ type: 'stop-failed', error: failed('docker.unreachable') }], during.state)

  expect(during.kinds).toEqual(['cancel-stop'])
  expect(answerTo(during.state, lease('a'))).toMatchObject({
    error: { code: 'lease.expired' },
    retry: 'never',
  })
  expect(afterwards.kinds).toEqual(['start', 'unwatch'])
})

test('a stop that fails is final for its holders, with its root cause, and the service is started', () => {
  const { state, kinds } = after([
    acquire(lease('a')),
    observed,
    { type: 'stop-failed', error: failed('docker.unreachable') },
  ])

  expect(answerTo(state, lease('a'))).toMatchObject({ error: { code: 'docker.unreachable' }, retry: 'never' })
  expect(kinds).toContain('start')
})

test('a service that a restore has left down is not touched', () => {
  const { commands } = after([
    acquire(lease('a')),
    observed,
    { type: 'stop-failed', error: failed('restore.conflict') },
  ])

  expect(commands).toMatchObject([{ type: 'unwatch' }, { type: 'close', outcome: 'nothing-stopped' }])
})

test.each<[string, GuardEvent, string[]]>([
  ['restored', release('a', 'restored'), ['unwatch', 'start']],
  ['undone', release('a', 'undone'), ['unwatch', 'start']],
  ['released without proof', release('a', 'done'), ['unwatch', 'alarm', 'close']],
  [
    'its holder gone',
    { type: 'holder-gone', leaseId: 'a', how: 'terminated' },
    ['unwatch', 'alarm', 'close'],
  ],
  ['its guard cancelled', { type: 'cancel' }, ['alarm', 'revoke', 'unwatch', 'close']],
])('the end of a write lease: %s', (_, end, kinds) => {
  expect(after([acquire(write('a', 'r/1')), observed, stopped, end]).kinds).toEqual(kinds)
})

test.each([
  ['long before the deadline, a minute', 10 * MINUTE, MINUTE],
  ['shortly before the deadline, until then', 12_000, 10_000],
])('services that it needs are waited for: %s', (_, maxDowntimeMs, startAfterMs) => {
  const needy = lease('a', { maxDowntimeMs, startAfter: ['command:db'] })
  const seen: GuardEvent = { ...observed, running: ['command:db'] }

  const { commands } = after([acquire(needy), seen, stopped, release('a')])

  expect(commands.find(({ type }) => type === 'start')).toMatchObject({
    startAfter: ['command:db'],
    startAfterMs,
  })
})

test('a missing service is tried for ten minutes, then its holders and an alarm say so', () => {
  const starting = after([acquire(lease('a')), observed, stopped, release('a')]).state
  const missing: GuardEvent = { type: 'start-failed', error: failed('service.not-found') }

  const first = decide(starting, missing, 10_000)
  const last = decide(first.state, missing, 10_000 + MISSING_LIMIT_MS)

  expect(first.commands).toMatchObject([{ type: 'start', delayMs: 1000 }, { type: 'alarm' }])
  expect(last.commands).toMatchObject([
    { type: 'report', report: { health: 'not-restarted' } },
    { type: 'alarm' },
    { type: 'close', outcome: 'not-restarted' },
  ])
})

test('what only a person can mend is tried without end, ever more seldom', () => {
  let state = after([acquire(lease('a')), observed, stopped, release('a')]).state
  let now = 3000
  const delays: number[] = []
  for (let i = 0; i < 500; i++) {
    const decision = decide(state, { type: 'start-failed', error: failed('docker.denied') }, now)
    const start = decision.commands.find((command) => command.type === 'start')
    delays.push(start?.delayMs ?? 0)
    now += start?.delayMs ?? 0
    state = decision.state
  }

  expect(delays.slice(0, 6)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000])
  expect(Math.min(...delays)).toBeGreaterThan(0)
  expect(now).toBeGreaterThan(30 * 24 * 60 * MINUTE)
})

// ── Whatever the order of events ──

type Step =
  | { readonly do: 'acquire'; readonly lease: Lease }
  | { readonly do: 'end'; readonly pick: number; readonly how: 'done' | 'restored' | 'undone' | 'gone' }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'answer'; readonly isWell: boolean; readonly code: FailureCode }
  | { readonly do: 'nag'; readonly event: 'overdue' | 'start-slow' | 'idle' }
  | { readonly do: 'cancel' }

/** What stops and starts fail with: for ever, for ten minutes, until a person comes, because a restore owns the service. */
const failureCodes = fc.constantFrom<FailureCode>(
  'service.not-found',
  'docker.denied',
  'docker.unreachable',
  'restore.conflict',
)

const leases = fc.record({
  kind: fc.constantFrom('read' as const, 'read' as const, 'write' as const),
  mode: fc.constantFrom('stop' as const, 'pause' as const),
  maxDowntimeMs: fc.integer({ min: 1, max: 20 }).map((n) => n * 1000),
  restoreId: fc.constantFrom('r/1', 'r/2'),
  leaseId: fc.integer({ min: 0, max: 9 }).map(String),
})

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    leases.map((asked): Step => ({ do: 'acquire', lease: lease(asked.leaseId, asked) })),
    fc.record({
      do: fc.constant('end' as const),
      pick: fc.nat({ max: 9 }),
      how: fc.constantFrom('done' as const, 'restored' as const, 'undone' as const, 'gone' as const),
    }),
    fc.integer({ min: 1, max: 15_000 }).map((ms): Step => ({ do: 'tick', ms })),
    fc.record({ do: fc.constant('answer' as const), isWell: fc.boolean(), code: failureCodes }),
    fc.constantFrom('overdue' as const, 'start-slow' as const, 'idle' as const).map((event): Step => ({
      do: 'nag',
      event,
    })),
    fc.constant<Step>({ do: 'cancel' }),
  ),
  { maxLength: 40 },
)

/** A host around the guard: one call at a time is under way, answered when the sequence says so. */
class World {
  state = newGuard(SERVICE)
  now = 1_000_000
  underway: 'observe' | 'stop' | 'start' | undefined
  isDown = false
  isAlarmed = false
  isClosed = false
  deadlines = new Set<string>()
  deadlineAt: number | undefined
  /** How the only write lease that was granted ended; the restore may have written since. */
  unsafe = false
  startedUnsafe = false

  apply(event: GuardEvent): void {
    this.noteEnds(event)
    const { state, commands } = decide(this.state, event, this.now)
    this.state = state
    for (const command of commands) this.perform(command)
  }

  perform(command: GuardCommand): void {
    if (command.type === 'observe' || command.type === 'stop') this.underway = command.type
    if (command.type === 'stop') {
      const { deadlineAt } = command.window
      this.isDown = true
      if (deadlineAt !== undefined) {
        this.deadlines.add(deadlineAt)
        this.deadlineAt = new Date(deadlineAt).getTime()
      }
    }
    if (command.type === 'start') {
      this.underway = 'start'
      this.startedUnsafe ||= this.unsafe
    }
    if (command.type === 'alarm') this.isAlarmed = true
    if (command.type === 'close') this.isClosed = true
  }

  /** A guard that is cancelled under a write lease has lost it: whatever its restore says afterwards comes too late. */
  noteCancel(): void {
    if (this.state.window?.kind === 'write' && this.state.phase === 'stopped') this.unsafe = true
  }

  /** A write lease under which something stands still is unsafe until the restore itself says otherwise. */
  noteEnds(event: GuardEvent): void {
    if (this.state.window?.kind !== 'write') return
    const ended =
      event.type === 'release' || event.type === 'holder-gone'
        ? this.state.leases.find(({ leaseId }) => leaseId === event.leaseId)
        : undefined
    if (ended === undefined) return
    if (event.type === 'holder-gone' || (event.type === 'release' && event.outcome === 'done'))
      this.unsafe = true
  }

  answer(isWell: boolean, code: FailureCode = 'docker.unreachable'): void {
    const { underway } = this
    if (underway === undefined) return
    this.underway = undefined
    if (underway === 'observe') {
      return this.apply(isWell ? observed : { type: 'observe-failed', error: failed(code) })
    }
    if (underway === 'stop') {
      // Refused because of a restore, it was not touched.
      if (!isWell && code === 'restore.conflict') this.isDown = false
      return this.apply(isWell ? stopped : { type: 'stop-failed', error: failed(code) })
    }
    if (isWell) this.isDown = false
    const result = { startedAt: new Date(this.now).toISOString(), downtimeMs: 0, health: 'ok' as const }
    this.apply(isWell ? { type: 'started', result } : { type: 'start-failed', error: failed(code) })
  }

  tick(ms: number): void {
    const isPassing =
      this.deadlineAt !== undefined && this.now < this.deadlineAt && this.now + ms >= this.deadlineAt
    this.now += ms
    if (isPassing) this.apply({ type: 'deadline' })
  }

  step(step: Step): void {
    if (step.do === 'tick') return this.tick(step.ms)
    if (step.do === 'answer') return this.answer(step.isWell, step.code)
    if (step.do === 'nag') return this.apply({ type: step.event })
    if (step.do === 'cancel') {
      this.noteCancel()
      return this.apply({ type: 'cancel' })
    }
    if (step.do === 'acquire') {
      if (admissionOf(this.state, step.lease, this.now) === undefined) this.apply(acquire(step.lease))
      return
    }
    const leaseId = String(step.pick)
    const { how } = step
    this.apply(how === 'gone' ? { type: 'holder-gone', leaseId, how } : release(leaseId, how))
  }

  /** All holders end, every call is answered well: what is then not done is never done. */
  drain(): void {
    for (let i = 0; i < 10; i++) {
      for (const { leaseId } of this.state.leases)
        this.apply({ type: 'holder-gone', leaseId, how: 'completed' })
      this.answer(true)
    }
    this.apply({ type: 'idle' })
  }
}

const play = (sequence: readonly Step[]): World => {
  const world = new World()
  for (const step of sequence) world.step(step)
  return world
}

test('however it goes, the guard closes, and the service is up or an alarm says that it is not', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const world = play(sequence)

      world.drain()

      expect(world.isClosed).toBe(true)
      expect(world.isDown && !world.isAlarmed).toBe(false)
    }),
    { numRuns: 3000 },
  )
})

test('nothing is ever started under a write lease that did not end well', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const world = play(sequence)

      world.drain()

      expect(world.startedUnsafe).toBe(false)
    }),
    { numRuns: 3000 },
  )
})

test('a deadline is set once and never moves; while time goes on, nothing is still held after it', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const world = play(sequence)

      expect(world.deadlines.size).toBeLessThanOrEqual(1)
      if (world.deadlineAt !== undefined && world.now >= world.deadlineAt) {
        expect(world.state.phase).not.toBe('stopped')
      }
    }),
    { numRuns: 3000 },
  )
})

test('who is granted a lease stands on a service that stands still, until told otherwise', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const world = play(sequence)

      for (const held of world.state.leases) {
        const answer = answerTo(world.state, held)
        if (answer !== undefined && 'grant' in answer) expect(world.state.phase).toBe('stopped')
      }
    }),
  )
})
