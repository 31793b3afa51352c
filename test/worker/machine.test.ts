import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queuesOf } from '../../worker/queues.js'
import { identityOf, machineId, machinesSeen } from '../../worker/machine.js'

const now = new Date('2026-11-20T12:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const identity = (machine: string) => identityOf({ taskQueue: 'host.nas.wait', machine, pid: 7 })

test('a machine gets its name once, also when its workers start at the same time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-machine-'))
  let made = 0
  const random = (digits: number) => String(made++).padStart(digits, 'a')

  const names = await Promise.all(Array.from({ length: 5 }, () => machineId(folder, random)))

  expect(new Set([...names, await machineId(folder, random)]).size).toBe(1)
  expect((await stat(join(folder, 'machine-id'))).mode & 0o777).toBe(0o600)
  await rm(folder, { recursive: true })
})

test.each([
  [
    'our own workers and those of others',
    [
      ['a1', 1],
      ['b2', 60],
    ],
    ['a1', 'b2'],
  ],
  [
    'not those that are long gone',
    [
      ['a1', 1],
      ['b2', 91],
    ],
    ['a1'],
  ],
  [
    'each once',
    [
      ['a1', 1],
      ['a1', 2],
    ],
    ['a1'],
  ],
] as const)('sees %s', (_, seen, expected) => {
  const pollers = seen.map(([machine, seconds]) => ({
    identity: identity(machine),
    lastSeenAt: ago(seconds),
  }))

  expect(machinesSeen(pollers, now)).toEqual(expected)
})

test('who is no worker of ours is no machine', () => {
  expect(machinesSeen([{ identity: '123@laptop', lastSeenAt: now }], now)).toEqual([])
})

test('each role serves its queues, and nothing but captures takes capture slots', () => {
  const named = (role: Parameters<typeof queuesOf>[0]) =>
    queuesOf(role, 'nas', { parallelCaptures: 3 }).map(({ taskQueue, runs }) => `${taskQueue} ${runs}`)

  expect(named('control')).toEqual([
    'host.nas.control both',
    'host.nas.wait activities',
    'orchestrator workflows',
  ])
  expect(named('data')).toEqual([
    'host.nas.capture activities',
    'host.nas.data activities',
    'host.nas.copies activities',
    'host.nas.swap activities',
    'host.nas.questions activities',
  ])
  expect(named('all')).toEqual([...named('control'), ...named('data')])
  expect(named('orchestrator')).toEqual(['orchestrator workflows'])
  const capture = queuesOf('data', 'nas', { parallelCaptures: 3 })[0]
  expect(capture?.options.maxConcurrentActivityTaskExecutions).toBe(3)
})
