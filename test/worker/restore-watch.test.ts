import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { createJournal } from '../../activities/journal/files.js'
import { restoreRecords } from '../../activities/restore-records.js'
import type { RestoreState } from '../../core/restore-end.js'
import type { GuardSeen } from '../../core/watchdog.js'
import type { AlarmInput } from '../../core/work/alarm.js'
import { watchRestores } from '../../worker/restore-watch.js'
import { fakeLog } from '../fakes/log.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'

const folder = temporaryFolder()
const restoreId = '20261120-013000-shop-7f3a2c/1'
const cause = `half-restored/${restoreId}`
const { signal } = new AbortController()
const GRACE_MS = 60_000

async function world(seen: GuardSeen) {
  const stateDir = await mkdtemp(join(folder(), 'state-'))
  const records = restoreRecords(stateDir)
  const journal = createJournal({ stateDir, bootId: 'this-boot' })
  const open = new Map<string, AlarmInput>()
  const raised: string[] = []
  const temporal = { run: seen, asked: 0, silentForMs: GRACE_MS }
  let looks = 0
  const alarms = {
    raise: async (alarm: AlarmInput) => {
      raised.push(alarm.cause)
      open.set(alarm.cause, alarm)
    },
    resolve: async (given: string) => void open.delete(given),
    open: async () => {
      looks++
      return [...open.values()].map((alarm) => ({
        ...alarm,
        ...{ raisedAt: '', lastSeenAt: '', count: 1, host: 'nas' },
      }))
    },
  }
  const runs = {
    ask: async () => {
      temporal.asked++
      return temporal.run
    },
    silentForMs: () => temporal.silentForMs,
    close: async () => undefined,
  }
  const write = (state: RestoreState) =>
    records.write({
      restoreId,
      backupId: '20261120-013000-shop-7f3a2c',
      destination: 'disk',
      host: 'nas',
      startedAt: '2026-11-20T08:00:00.000Z',
      state,
      scope: { plan: 'shop', sources: [{ source: 'data', type: 'files' }] },
      request: { reference: { backupId: '20261120-013000-shop-7f3a2c' } },
      items: [],
      run: { workflowId: `restore/${restoreId}`, runId: 'r' },
    })
  const stop = new AbortController()
  const tools = { site: { stateDir }, journal, alarms, log: fakeLog() }
  const running = watchRestores(tools, { everyMs: 20, graceMs: GRACE_MS, runs, signal: stop.signal })
  const rounds = async (count: number) => {
    const from = looks
    await until(`${count} more looks`, () => looks >= from + count)
  }
  const end = async () => {
    stop.abort()
    await running
  }
  return { write, open, raised, temporal, rounds, end, records, journal, tools }
}

test('a restore that died between old and new data is alarmed once, until it has come to its end', async () => {
  const { write, open, raised, rounds, end } = await world('closed-or-unknown')
  await write('swapping')
  await until('it is alarmed', () => open.has(cause))
  await rounds(3)
  const alarm = open.get(cause)

  await write('swapped')
  await until('the alarm is resolved', () => open.size === 0)
  await end()

  expect(raised).toEqual([cause])
  expect(alarm).toMatchObject({
    plan: 'shop',
    hint: expect.stringContaining(`restore undo ${restoreId}`) as string,
  })
})

test.each(['staged', 'swapped', 'undone'] as const)('one that is %s is no trouble', async (state) => {
  const { write, open, temporal, rounds, end } = await world('closed-or-unknown')
  await write(state)

  await rounds(3)
  await end()

  expect(open.size).toBe(0)
  expect(temporal.asked).toBe(0)
})

test('one whose run is at work is left to it, and alarmed when that is gone', async () => {
  const { write, open, temporal, rounds, end } = await world('open')
  await write('undoing')
  await rounds(3)
  const before = open.size

  temporal.run = 'closed-or-unknown'
  await until('it is alarmed', () => open.has(cause))
  await end()

  expect(before).toBe(0)
})

test('while a process replaces the data, the silence of Temporal is no trouble', async () => {
  const { write, open, rounds, end, records } = await world('silent')
  await write('swapping')

  const whileLocked = await records.withLock(restoreId, signal, async () => {
    await until('the alarm of before is taken back', () => open.size === 0)
    await rounds(2)
    return open.size
  })
  await until('it is alarmed', () => open.has(cause))
  await end()

  expect(whileLocked).toBe(0)
})

test('a short silence of Temporal raises nothing, and takes nothing back', async () => {
  const { write, open, temporal, rounds, end } = await world('silent')
  temporal.silentForMs = GRACE_MS - 1
  await write('swapping')
  await rounds(3)
  const beforeItsTime = open.size

  temporal.silentForMs = GRACE_MS
  await until('it is alarmed', () => open.has(cause))
  temporal.silentForMs = 0
  await rounds(3)
  const stillOpen = open.size
  temporal.run = 'open'
  await until('the alarm is taken back', () => open.size === 0)
  await end()

  expect(beforeItsTime).toBe(0)
  expect(stillOpen).toBe(1)
})

test('one that keeps a service down has an alarm already', async () => {
  const { write, open, rounds, end, journal } = await world('closed-or-unknown')
  await journal.open({
    service: 'docker:web',
    stateBefore: 'running',
    mode: 'stop',
    lease: 'write',
    restoreId,
    stopRequestedAt: new Date().toISOString(),
    stopTimeoutMs: 1000,
    guard: { workflowId: 'guard/nas/docker:web', runId: 'r' },
  })
  await write('half-undone')
  await until('what was raised before the entry was there is taken back', () => open.size === 0)

  await rounds(3)
  await end()

  expect(open.size).toBe(0)
})

test('trouble with the journal is logged, and the next look goes on', async () => {
  const { write, open, end, tools, journal } = await world('closed-or-unknown')
  tools.journal = { ...journal, list: async () => Promise.reject(new Error('EACCES')) }
  await write('swapping')
  await until('it is logged', () => tools.log.lines.length > 0)

  tools.journal = journal
  await until('it is alarmed', () => open.has(cause))
  await end()
})
