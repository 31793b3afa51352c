import fc from 'fast-check'
import { keepRunning, type Running } from '../../worker/keep-running.js'
import { endsInARow, restartDelayMs, STEADY_AFTER_MS } from '../../worker/restart.js'
import { until } from '../support/until.js'

/** A program that ends when it is told. */
function program(): Running & { end(reason: string): void; wasStopped(): boolean } {
  let end: (reason: string) => void = () => undefined
  let stopped = false
  const ended = new Promise<string>((resolve) => (end = resolve))
  return {
    ended,
    end: (reason) => end(reason),
    wasStopped: () => stopped,
    stop: async () => {
      stopped = true
      end('stopped')
    },
  }
}

const clock = () => new Date('2026-11-20T00:00:00Z')

test('starts it again whenever it ends, and says why it ended', async () => {
  const programs: ReturnType<typeof program>[] = []
  const ends: string[] = []
  const kept = keepRunning({
    clock,
    delayMs: () => 0,
    start: async () => {
      programs.push(program())
      return programs.at(-1)!
    },
    onEnded: ({ reason }) => ends.push(reason),
  })
  await kept.started

  programs[0]!.end('exit code 1')
  await until('a second start', () => programs.length === 2)
  programs[1]!.end('killed by SIGKILL')
  await until('a third start', () => programs.length === 3)
  await kept.stop()

  expect(ends).toEqual(['exit code 1', 'killed by SIGKILL'])
  expect(programs).toHaveLength(3)
  expect(programs[2]!.wasStopped()).toBe(true)
})

test('a start that fails later is tried again; the first one that fails is final', async () => {
  const first = keepRunning({
    clock,
    delayMs: () => 0,
    start: () => Promise.reject(new Error('no such program')),
    onEnded: () => undefined,
  })
  await expect(first.started).rejects.toThrow('no such program')
  await first.stop()

  const programs: ReturnType<typeof program>[] = []
  const ends: string[] = []
  let starts = 0
  const later = keepRunning({
    clock,
    delayMs: () => 0,
    start: async () => {
      if (++starts === 2) throw new Error('port taken')
      programs.push(program())
      return programs.at(-1)!
    },
    onEnded: ({ reason }) => ends.push(reason),
  })
  await later.started
  programs[0]!.end('exit code 1')
  await until('the start after the failed one', () => programs.length === 2)
  await later.stop()

  expect(ends).toEqual(['exit code 1', 'port taken'])
})

test('each end in a row makes the pause longer', async () => {
  const asked: number[] = []
  const kept = keepRunning({
    clock,
    start: async () => {
      const running = program()
      if (asked.length < 4) running.end('exit code 1')
      return running
    },
    delayMs: (ends) => {
      asked.push(ends)
      return 0
    },
    onEnded: () => undefined,
  })

  await until('four ends', () => asked.length === 4)
  await kept.stop()

  expect(asked).toEqual([1, 2, 3, 4])
})

test('a restart that was asked for is no end in a row, and waits for nothing', async () => {
  const pauses: number[] = []
  let starts = 0
  const kept = keepRunning({
    clock,
    delayMs: () => 60_000,
    start: async () => {
      starts++
      return program()
    },
    onEnded: ({ restartInMs }) => pauses.push(restartInMs),
  })
  await kept.started

  await kept.restart()
  await until('the next start', () => starts === 2)
  await kept.stop()

  expect(pauses).toEqual([0])
})

test('stopping ends a long pause at once, and stops what is just being started', async () => {
  const running = program()
  running.end('exit code 1')
  const paused = keepRunning({
    clock,
    delayMs: () => 3_600_000,
    start: async () => running,
    onEnded: () => undefined,
  })
  await paused.started
  await paused.stop()

  const late = program()
  let finishStart: () => void = () => undefined
  const starting = keepRunning({
    clock,
    start: () => new Promise((resolve) => (finishStart = () => resolve(late))),
    onEnded: () => undefined,
  })
  const stopped = starting.stop()
  finishStart()
  await stopped

  expect(late.wasStopped()).toBe(true)
})

test('pauses double and never exceed half a minute', () => {
  expect([1, 2, 3, 4].map(restartDelayMs)).toEqual([500, 1000, 2000, 4000])
  fc.assert(
    fc.property(fc.nat(1_000_000), (ends) => {
      const delay = restartDelayMs(ends)
      return delay >= 500 && delay <= 30_000 && restartDelayMs(ends + 1) >= delay
    }),
  )
})

test('what ran for a minute was well: the count begins anew', () => {
  expect(endsInARow(7, STEADY_AFTER_MS)).toBe(1)
  expect(endsInARow(7, STEADY_AFTER_MS - 1)).toBe(8)
})
