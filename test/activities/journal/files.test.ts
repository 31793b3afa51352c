import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createJournal } from '../../../activities/journal/files.js'
import { UNFINISHED } from '../../../activities/durable-file.js'
import type { JournalEntry } from '../../../activities/journal/journal.js'
import { processesWith } from '../../support/processes.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'

const { signal } = new AbortController()
const folder = temporaryFolder()
const service = 'docker:shop_web_1'
const root = join(import.meta.dirname, '..', '..', '..')

async function freshJournal(options: { lockWaitMs?: number } = {}) {
  const stateDir = await mkdtemp(join(folder(), 'state-'))
  return { stateDir, journal: createJournal({ stateDir, bootId: 'this-boot', ...options }) }
}

const owed: Omit<JournalEntry, 'bootId' | 'entryVersion'> = {
  service,
  stateBefore: 'running',
  startedAtBefore: '2026-03-05T11:00:00.123456789Z',
  identity: 'abc',
  mode: 'stop',
  lease: 'read',
  stopRequestedAt: '2026-03-05T12:00:00.000Z',
  deadlineAt: '2026-03-05T12:10:00.000Z',
  stopTimeoutMs: 30_000,
  guard: { workflowId: `guard/nas/${service}`, runId: 'run-1' },
}

test('keeps an entry until it is closed, with the boot it belongs to', async () => {
  const { journal } = await freshJournal()

  const opened = await journal.open(owed)
  const read = await journal.read(service)
  const listed = await journal.list()
  await journal.close(service)

  expect(opened).toEqual({ ...owed, entryVersion: 1, bootId: 'this-boot' })
  expect(read).toEqual(opened)
  expect(listed).toEqual({ entries: [opened], damaged: [] })
  expect(await journal.read(service)).toBeUndefined()
  expect((await journal.list()).entries).toEqual([])
})

test('closing twice and listing before the first entry succeed', async () => {
  const { journal } = await freshJournal()

  const nothing = await journal.list()
  await journal.open(owed)
  await journal.close(service)
  await journal.close(service)

  expect(nothing).toEqual({ entries: [], damaged: [] })
})

test('an entry that exists already wins', async () => {
  const { journal } = await freshJournal()
  await journal.open(owed)

  const second = await journal.open({
    ...owed,
    stateBefore: 'stopped',
    guard: { workflowId: 'g', runId: 'run-2' },
  })

  expect(second).toMatchObject({ stateBefore: 'running', guard: { runId: 'run-1' } })
})

test('replaces an entry whole', async () => {
  const { journal } = await freshJournal()
  const entry = await journal.open(owed)
  const { deadlineAt: _, ...rest } = entry

  await journal.update({ ...rest, lease: 'write', stopProcess: { pid: 7, startTime: '99' } })

  expect(await journal.read(service)).toEqual({
    ...rest,
    lease: 'write',
    stopProcess: { pid: 7, startTime: '99' },
  })
})

test('names files by the percent-encoded reference, for our user only', async () => {
  const { journal, stateDir } = await freshJournal()
  await journal.open(owed)

  const file = join(stateDir, 'journal', 'docker%3Ashop_web_1.json')

  expect(await readdir(join(stateDir, 'journal'))).toEqual(['docker%3Ashop_web_1.json'])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(join(stateDir, 'journal'))).mode & 0o777).toBe(0o700)
})

test.each([
  ['empty', async (file: string) => truncate(file, 0)],
  ['cut', async (file: string) => truncate(file, 40)],
  [
    'of another service',
    async (file: string) => writeFile(file, (await readFile(file, 'utf8')).replaceAll('shop', 'blog')),
  ],
  [
    'without its state before',
    async (file: string) => writeFile(file, (await readFile(file, 'utf8')).replace('stateBefore', 'state')),
  ],
  [
    'of a later version',
    async (file: string) =>
      writeFile(file, (await readFile(file, 'utf8')).replace('"entryVersion": 1', '"entryVersion": 2')),
  ],
])('an entry that is %s is an alarm, never ignored', async (_, damage) => {
  const { journal, stateDir } = await freshJournal()
  await journal.open(owed)
  await damage(join(stateDir, 'journal', 'docker%3Ashop_web_1.json'))

  const damaged = {
    code: 'journal.damaged',
    message: expect.stringContaining('docker%3Ashop_web_1.json') as string,
    hint: expect.stringContaining(service) as string,
  }
  await expect(journal.read(service)).rejects.toMatchObject(damaged)
  await expect(journal.open(owed)).rejects.toMatchObject(damaged)
})

test('damaged entries and strange files hide no other entry, and are named', async () => {
  const { journal, stateDir } = await freshJournal()
  const whole = await journal.open({ ...owed, service: 'docker:web' })
  await journal.open(owed)
  const at = (name: string) => join(stateDir, 'journal', name)
  await truncate(at('docker%3Ashop_web_1.json'), 20)
  await writeFile(at('%zz.json'), '{}')
  await writeFile(at('docker:unencoded.json'), '{}')
  await writeFile(at(`${UNFINISHED}1-0-docker%3Adb.json`), '{')

  const listing = await journal.list()

  expect(listing.entries).toEqual([whole])
  expect(listing.damaged).toEqual([
    { name: '%zz.json', path: at('%zz.json') },
    { name: 'docker%3Ashop_web_1.json', path: at('docker%3Ashop_web_1.json'), service },
    { name: 'docker:unencoded.json', path: at('docker:unencoded.json') },
  ])
})

test('a journal that cannot be written says so, before anything is stopped', async () => {
  const { stateDir } = await freshJournal()
  await writeFile(join(stateDir, 'journal'), 'a file where the folder should be')
  const journal = createJournal({ stateDir, bootId: 'boot' })

  await expect(journal.open(owed)).rejects.toMatchObject({ code: 'journal.unusable' })
  await expect(journal.withLock(service, signal, async () => undefined)).rejects.toMatchObject({
    code: 'journal.unusable',
  })
})

test('one at a time per service, and other services meanwhile', async () => {
  const { journal, stateDir } = await freshJournal()
  const other = createJournal({ stateDir, bootId: 'boot' })
  const order: string[] = []
  let letGo = () => {}
  const first = journal.withLock(service, signal, async () => {
    order.push('first begins')
    await new Promise<void>((resolve) => (letGo = resolve))
    order.push('first ends')
  })
  await until('the first has it', () => order.length === 1)

  const second = other.withLock(service, signal, async () => void order.push('second'))
  await other.withLock('docker:other', signal, async () => void order.push('other'))
  letGo()
  await Promise.all([first, second])

  expect(order).toEqual(['first begins', 'other', 'first ends', 'second'])
})

test('a lock is given back when its work fails', async () => {
  const { journal } = await freshJournal()

  await expect(journal.withLock(service, signal, () => Promise.reject(new Error('no luck')))).rejects.toThrow(
    'no luck',
  )

  expect(await journal.withLock(service, signal, async () => 'mine')).toBe('mine')
})

test('waits for a lock only so long, and not when cancelled', async () => {
  const { journal } = await freshJournal({ lockWaitMs: 300 })
  const cancel = new AbortController()

  await journal.withLock(service, signal, async () => {
    await expect(journal.withLock(service, signal, async () => undefined)).rejects.toMatchObject({
      code: 'lock.taken',
      message: expect.stringContaining(service) as string,
    })
    const cancelled = journal.withLock(service, cancel.signal, async () => undefined)
    cancel.abort(new Error('never mind'))
    await expect(cancelled).rejects.toThrow('never mind')
  })
})

/** What shells set by themselves. */
const OF_SHELLS = new Set(['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'])

test('who holds a lock, or waits for it, is given nothing of our environment: it may hold secrets', async () => {
  const { journal, stateDir } = await freshJournal()
  const variables = (pid: string) =>
    [...readFileSync(`/proc/${pid}/environ`, 'utf8').matchAll(/([^=\0]+)=[^\0]*\0/g)].map(([, name]) => name!)
  const waiting = () =>
    processesWith(stateDir).filter((pid) => readlinkSync(`/proc/${pid}/exe`).includes('flock'))

  const seen = await journal.withLock(service, signal, async () => {
    void journal.withLock(service, signal, async () => undefined)
    await until('another waits', () => waiting().length === 1)
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
    // Until then it is a copy of this process, with all that is ours.
    const isItself = (pid: string) => readlinkSync(`/proc/${pid}/exe`) !== process.execPath
    await until('each is the program that it was started for', () => children.every(isItself))
    return children.map(variables)
  })

  expect(seen.length).toBeGreaterThanOrEqual(2)
  expect(seen.flat().filter((name) => !OF_SHELLS.has(name))).toEqual([])
})

/** Each costs the start of a process. */
const KILLS = 6

test('killed at any moment, a process leaves a whole entry or none, and its lock to others', async () => {
  const { journal, stateDir } = await freshJournal()
  let rounds = 0

  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'test/support/journal-child.ts'), stateDir, service],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    child.stdout.on('data', () => rounds++)
    await once(child.stdout, 'data')
    const moment = kill * 13
    await new Promise((resolve) => setTimeout(resolve, moment))
    child.kill('SIGKILL')
    await once(child, 'exit')

    // Reading an entry that is not whole would fail.
    await journal.withLock(service, signal, () => journal.read(service))
    const names = await readdir(journal.folder)
    expect(names.filter((name) => name.startsWith(UNFINISHED))).toEqual([])
    await journal.close(service)
  }

  expect(rounds).toBeGreaterThanOrEqual(KILLS)
})
