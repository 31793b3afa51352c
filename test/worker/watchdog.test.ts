import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createJournal } from '../../activities/journal/files.js'
import type { GuardSeen } from '../../core/watchdog.js'
import type { AlarmInput } from '../../core/work/alarm.js'
import { runWatchdog } from '../../worker/watchdog.js'
import { fakeLog } from '../fakes/log.js'
import { fakeService } from '../fakes/service.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'

const folder = temporaryFolder()
const limits = { everyMs: 20, startAfterMs: 0, healthyWithinMs: 0 }

async function world(lease: 'read' | 'write' = 'read', graceMs = 0) {
  const stateDir = await mkdtemp(join(folder(), 'state-'))
  const journal = createJournal({ stateDir, bootId: 'this-boot' })
  const { service: fake, services } = fakeService({ state: 'stopped', clock: () => new Date() })
  await journal.open({
    service: 'docker:web',
    stateBefore: 'running',
    mode: 'stop',
    lease,
    stopRequestedAt: new Date(Date.now() - 1000).toISOString(),
    deadlineAt: new Date(Date.now() + 3_600_000).toISOString(),
    stopTimeoutMs: 1000,
    guard: { workflowId: 'guard/nas/docker:web', runId: 'r' },
  })
  const open = new Map<string, AlarmInput>()
  const raised: string[] = []
  const alarms = {
    raise: async (alarm: AlarmInput) => {
      raised.push(alarm.cause)
      open.set(alarm.cause, alarm)
    },
    resolve: async (cause: string) => void open.delete(cause),
    open: async () =>
      [...open.values()].map((alarm) => ({ ...alarm, raisedAt: '', lastSeenAt: '', count: 1, host: 'nas' })),
  }
  const seen: { guard: GuardSeen; asked: number; silentForMs: number } = {
    guard: 'open',
    asked: 0,
    silentForMs: 0,
  }
  const guards = {
    ask: async () => {
      seen.asked++
      return seen.guard
    },
    silentForMs: () => seen.silentForMs,
    close: async () => undefined,
  }
  const stop = new AbortController()
  const tools = { journal, services, alarms, clock: () => new Date(), log: fakeLog() }
  const running = runWatchdog(tools, { limits: { ...limits, graceMs }, guards, signal: stop.signal })
  const rounds = async (count: number) => {
    const from = seen.asked
    await until(`${count} more looks`, () => seen.asked >= from + count)
  }
  const end = async () => {
    stop.abort()
    await running
  }
  const entryFile = join(stateDir, 'journal', 'docker%3Aweb.json')
  return { fake, journal, open, raised, seen, rounds, end, entryFile, tools }
}

test('leaves a service to its guard, and starts it when that is gone', async () => {
  const { fake, journal, seen, rounds, end } = await world()
  await rounds(3)
  const left = [...fake.actions]

  seen.guard = 'closed-or-unknown'
  await until('the service runs', () => fake.state === 'running')
  await until('the entry is gone', async () => (await journal.list()).entries.length === 0)
  await end()

  expect(left).toEqual([])
  expect(fake.actions).toEqual(['start'])
})

test('a restore that is gone is alarmed once, and the alarm ends with the entry', async () => {
  const { fake, open, raised, seen, rounds, end, entryFile } = await world('write')
  seen.guard = 'closed-or-unknown'
  await rounds(4)
  const alarmed = [...open.keys()]

  await rm(entryFile)
  await until('the alarm is resolved', () => open.size === 0)
  await end()

  expect(alarmed).toEqual(['write-lease/docker:web'])
  expect(raised).toEqual(alarmed)
  expect(fake.actions).toEqual([])
})

test('takes its alarm back when Temporal answers again, and the restore is at work', async () => {
  const { open, seen, rounds, end } = await world('write')
  seen.guard = 'silent'
  await rounds(2)
  const alarmed = open.size

  seen.guard = 'open'
  await until('the alarm is resolved', () => open.size === 0)
  await end()

  expect(alarmed).toBe(1)
})

test('calls nobody for a Temporal that is away for a moment during a restore', async () => {
  const { raised, seen, rounds, end } = await world('write', 1000)
  seen.guard = 'silent'
  seen.silentForMs = 999
  await rounds(3)
  const early = [...raised]

  seen.silentForMs = 1000
  await until('the alarm', () => raised.length > 0)
  await end()

  expect(early).toEqual([])
})

test('a damaged entry is alarmed, and keeps no other service down', async () => {
  const { fake, open, seen, end, entryFile, journal } = await world()
  await writeFile(join(entryFile, '..', 'docker%3Adb.json'), '{ "service"')

  seen.guard = 'closed-or-unknown'
  await until('the service runs', () => fake.state === 'running')
  await until('its entry is gone', async () => (await journal.list()).entries.length === 0)
  const alarmed = [...open.keys()]
  await rm(join(entryFile, '..', 'docker%3Adb.json'))
  await until('the alarm is resolved', () => open.size === 0)
  await end()

  expect(alarmed).toEqual(['journal-damaged/docker%3Adb.json'])
})

test('never starts by an entry that was cut in the middle', async () => {
  const { fake, open, seen, rounds, end, entryFile } = await world()
  await rounds(1)

  await truncate(entryFile, 40)
  seen.guard = 'closed-or-unknown'
  await until('it is alarmed', () => open.has('journal-damaged/docker%3Aweb.json'))
  await end()

  expect(fake.actions).toEqual([])
})

test('a journal that cannot be read is an alarm, until it can', async () => {
  const { open, seen, end, tools, fake } = await world()
  const list = tools.journal.list.bind(tools.journal)
  tools.journal.list = async () => Promise.reject(new Error('EACCES'))
  await until('it is alarmed', () => open.has('journal-unusable'))

  tools.journal.list = list
  seen.guard = 'closed-or-unknown'
  await until('the service runs', () => fake.state === 'running')
  await until('the alarm is resolved', () => open.size === 0)
  await end()

  expect(fake.actions).toEqual(['start'])
})
