import fc from 'fast-check'
import { decideAsked, decideEntry, type GuardSeen, type OwedStart } from '../../core/watchdog.js'

const at = (time: string) => new Date(`2026-03-05T${time}Z`)
const graceMs = 60_000

const read: OwedStart = {
  service: 'docker:web',
  lease: 'read',
  bootId: 'this',
  stopRequestedAt: at('12:00:00').toISOString(),
  deadlineAt: at('12:10:00').toISOString(),
}
const write: OwedStart = {
  service: 'docker:web',
  lease: 'write',
  bootId: 'this',
  stopRequestedAt: at('12:00:00').toISOString(),
}

describe('the watchdog', () => {
  test.each<[string, OwedStart, string, GuardSeen, string, object]>([
    ['leaves it to a guard at work', read, 'this', 'open', '12:01:00', { action: 'leave' }],
    ['leaves it to a guard at work, also late', read, 'this', 'open', '13:00:00', { action: 'leave' }],
    ['starts it when its guard is gone', read, 'this', 'closed-or-unknown', '12:01:00', { action: 'start' }],
    ['starts it after a boot, whatever the guard', read, 'other', 'open', '12:01:00', { action: 'start' }],
    ['starts it after a boot, without Temporal', read, 'other', 'silent', '12:01:00', { action: 'start' }],
    [
      'waits for the deadline and a minute while Temporal is silent',
      read,
      'this',
      'silent',
      '12:10:59',
      { action: 'start-at', at: '2026-03-05T12:11:00.000Z' },
    ],
    ['starts it then', read, 'this', 'silent', '12:11:00', { action: 'start' }],
    ['leaves a restore at work alone', write, 'this', 'open', '12:01:00', { action: 'leave' }],
    ['alarms when a restore is gone', write, 'this', 'closed-or-unknown', '12:01:00', { action: 'alarm' }],
    ['alarms after a boot during a restore', write, 'other', 'open', '12:01:00', { action: 'alarm' }],
  ])('%s', (_, owed, bootId, guard, now, decision) => {
    expect(decideEntry(owed, { bootId, guard, now: at(now), silentForMs: 0, graceMs })).toMatchObject(
      decision,
    )
  })

  test.each([
    [0, { action: 'alarm-at', at: '2026-03-05T23:01:00.000Z' }],
    [59_999, { action: 'alarm-at', at: '2026-03-05T23:00:00.001Z' }],
    [60_000, { action: 'alarm' }],
  ])('alarms when nobody has known of the restore for a minute: after %i ms', (silentForMs, decision) => {
    const now = at('23:00:00')

    expect(decideEntry(write, { bootId: 'this', guard: 'silent', now, silentForMs, graceMs })).toMatchObject(
      decision,
    )
  })

  const owed = fc.record({
    service: fc.constant('docker:web'),
    lease: fc.constantFrom('read' as const, 'write' as const),
    bootId: fc.constantFrom('this', 'other'),
    stopRequestedAt: fc.constantFrom('2026-03-05T12:00:00.000Z', '2026-99-99T99:99:99Z'),
    deadlineAt: fc.constantFrom('2026-03-05T12:10:00.000Z', '2026-99-99T99:99:99Z'),
  })
  const circumstances = fc.record({
    bootId: fc.constant('this'),
    guard: fc.constantFrom<GuardSeen>('open', 'closed-or-unknown', 'silent'),
    now: fc.date({ min: at('00:00:00'), max: at('23:59:59'), noInvalidDate: true }),
    silentForMs: fc.integer({ min: 0, max: 120_000 }),
    graceMs: fc.integer({ min: 0, max: 120_000 }),
  })

  test('never starts what a restore holds, and starts everything else once its time is over, unless its guard is at work', () => {
    fc.assert(
      fc.property(owed, circumstances, (entry, given) => {
        const { action } = decideEntry(entry, given)
        const dueMs = new Date(entry.deadlineAt).getTime() + given.graceMs
        const isOver = !(dueMs > given.now.getTime())
        if (entry.lease === 'write') return ['alarm', 'alarm-at', 'leave'].includes(action)
        if (action === 'leave') return given.guard === 'open' && entry.bootId === given.bootId
        return (
          action === (given.guard === 'silent' && entry.bootId === 'this' && !isOver ? 'start-at' : 'start')
        )
      }),
      { numRuns: 1000 },
    )
  })

  test('names a time to come, after which it starts', () => {
    fc.assert(
      fc.property(owed, circumstances, (entry, given) => {
        const decision = decideEntry(entry, given)
        if (decision.action !== 'start-at') return
        expect(new Date(decision.at).getTime()).toBeGreaterThan(given.now.getTime())
        expect(decideEntry(entry, { ...given, now: new Date(decision.at) }).action).toBe('start')
      }),
      { numRuns: 1000 },
    )
  })
})

test.each<[OwedStart, GuardSeen, string]>([
  [read, 'open', 'start'],
  [read, 'silent', 'start'],
  [write, 'closed-or-unknown', 'start'],
  [write, 'silent', 'start'],
  [write, 'open', 'leave'],
])('what a person asks for by name is started, but for a restore at work', (owed, guard, action) => {
  expect(decideAsked(owed, { guard, isAtWork: false }).action).toBe(action)
})

test.each<[OwedStart, string]>([
  [write, 'leave'],
  [read, 'start'],
])('nor for one whose process outlives its run', (owed, action) => {
  expect(decideAsked(owed, { guard: 'closed-or-unknown', isAtWork: true }).action).toBe(action)
})
