import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { JournalEntry } from '../../activities/journal/journal.js'
import type { Site } from '../../core/site.js'
import { readAgentState, writeAgentState, type AgentState } from '../../temporal/agent-state.js'
import { isAlive, processIdentity } from '../../temporal/processes.js'
import type { AgentEvent } from '../../worker/agent-events.js'
import { agentStatus, startDetached, stopAgent } from '../../worker/agent.js'
import { runAgent, type AgentOptions } from '../../worker/up.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { siteAt, workerArgv } from './support/site.js'

let folder: string
let trace: string
let site: Site
let stop: AbortController
let events: AgentEvent[]
let agents: Promise<void>[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-up-'))
  trace = join(folder, 'trace')
  // An external server that nobody asks: only the agent is under test.
  site = siteAt(join(folder, 'state'), { temporal: { address: '127.0.0.1:1' } })
  stop = new AbortController()
  events = []
  agents = []
})
afterEach(async () => {
  stop.abort()
  await Promise.allSettled(agents)
  await rm(folder, { recursive: true, force: true })
})

function up(changes: Partial<AgentOptions> = {}): Promise<void> {
  const agent = runAgent(site, {
    environment: process.env,
    clock: () => new Date(),
    onEvent: (event) => events.push(event),
    signal: stop.signal,
    workerArgv: workerArgv(trace),
    delayMs: () => 10,
    holds: {
      listJournal: async () => ({ entries: [], damaged: [] }),
      connect: () => Promise.reject(new Error('not asked for')),
      start: () => Promise.reject(new Error('not asked for')),
    },
    ...changes,
  })
  agents.push(agent)
  agent.catch(() => undefined)
  return agent
}

const state = () => readAgentState(site.stateDir)
const whenReady = () =>
  until('the agent is ready', async () => {
    const found = await state()
    return found?.phase === 'ready' && isAlive(found) ? found : undefined
  })
const traced = async () => (await readFile(trace, 'utf8')).trim().split('\n')
const told = (type: AgentEvent['type'], name?: string) =>
  events.filter(
    (event) => event.type === type && (name === undefined || ('name' in event && event.name === name)),
  )
const childOf = ({ children }: AgentState, name: string) => children.find((child) => child.name === name)!

test('runs both workers, tells who and where it is, and keeps its folder private', async () => {
  void up()

  const ready = await whenReady()

  expect(ready).toMatchObject({ pid: process.pid, temporal: { kind: 'external', address: '127.0.0.1:1' } })
  expect(ready.children.map(({ name, isReady }) => [name, isReady]).sort()).toEqual([
    ['control', true],
    ['data', true],
  ])
  expect(await agentStatus(site)).toMatchObject({
    state: 'ready',
    workers: [{ state: 'ready' }, { state: 'ready' }],
  })
  expect((await stat(site.stateDir)).mode & 0o777).toBe(0o700)
  expect((await stat(join(site.stateDir, 'agent.json'))).mode & 0o777).toBe(0o600)
  expect(events.at(-1)).toEqual({ type: 'ready', pid: process.pid })
})

test('tells the data worker alone to keep freed memory, and leaves what the user has set', async () => {
  void up({ environment: { ...process.env, MALLOC_TRIM_THRESHOLD_: '1048576' } })
  const ready = await whenReady()

  const memoryOf = async (name: string) =>
    (await readFile(`/proc/${childOf(ready, name).pid}/environ`, 'utf8'))
      .split('\0')
      .filter((variable) => variable.startsWith('MALLOC_'))
      .sort()

  expect(await memoryOf('data')).toEqual([
    'MALLOC_ARENA_MAX=2',
    'MALLOC_MMAP_THRESHOLD_=8388608',
    'MALLOC_TRIM_THRESHOLD_=1048576',
  ])
  expect(await memoryOf('control')).toEqual(['MALLOC_TRIM_THRESHOLD_=1048576'])
})

test('stops the data worker first, then the control worker, and leaves no record', async () => {
  const agent = up()
  const { children } = await whenReady()

  stop.abort()
  await agent

  expect((await traced()).slice(2).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'data stopped',
    'control stopped',
  ])
  expect(children.filter(isAlive)).toEqual([])
  expect(await agentStatus(site)).toEqual({ state: 'not-running', workers: [] })
})

test('starts a worker again that was killed, and says so', async () => {
  void up()
  const before = childOf(await whenReady(), 'data')

  process.kill(before.pid, 'SIGKILL')
  const after = await until('another data worker', async () => {
    const child = childOf((await state())!, 'data')
    return child.pid !== before.pid && child.isReady ? child : undefined
  })

  expect(isAlive(after)).toBe(true)
  expect(events).toContainEqual({
    type: 'ended',
    name: 'Worker data',
    reason: 'killed by SIGKILL',
    restartInMs: 10,
  })
})

test('says what a worker said last that cannot run, and goes on trying', async () => {
  void up({ workerArgv: (role) => workerArgv(trace, role === 'data' ? 'broken' : 'well')(role) })

  const ends = await until('three ends', () => {
    const found = events.filter((event) => event.type === 'ended')
    return found.length >= 3 ? found : undefined
  })

  expect(ends[0]).toMatchObject({ name: 'Worker data', reason: 'exit code 3: cannot work like this' })
  expect((await agentStatus(site)).state).toBe('starting')
})

test('refuses a second agent, and says who the first one is', async () => {
  void up()
  const { startedAt } = await whenReady()

  const second = up()

  await expect(second).rejects.toMatchObject({
    code: 'agent.running',
    message: `The agent is running already: pid ${process.pid}, since ${startedAt}.`,
  })
  expect((await whenReady()).children.filter(isAlive)).toHaveLength(2)
})

describeWith(['root'], 'on a disk that is full', () => {
  const PAGE_BYTES = 4096
  let started: string[]

  beforeEach(async () => {
    started = []
    await mkdir(site.stateDir)
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', site.stateDir])
  })
  afterEach(async () => {
    stop.abort()
    await Promise.allSettled(agents)
    await execa('umount', ['--lazy', site.stateDir])
  })

  const filler = () => join(site.stateDir, 'filler')
  const fill = () =>
    expect(
      (async () => {
        for (;;) await writeFile(filler(), Buffer.alloc(PAGE_BYTES), { flag: 'a' })
      })(),
    ).rejects.toMatchObject({ code: 'ENOSPC' })

  /** A backup holds one service, and Temporal is away. */
  const holds = () => {
    const entries = [
      { service: 'docker:web', lease: 'read', stopRequestedAt: '2026-03-05T02:00:00Z' } as JournalEntry,
    ]
    return {
      listJournal: async () => ({
        entries: entries.filter(({ service }) => !started.includes(service)),
        damaged: [],
      }),
      connect: () => Promise.reject(new Error('Temporal is away')),
      start: async (service: string) => void started.push(service),
    }
  }

  test('an agent that leaves brings services back, and stops its workers', async () => {
    const agent = up({ holds: holds() })
    const { children } = await whenReady()
    await fill()

    stop.abort()
    await agent

    expect(started).toEqual(['docker:web'])
    expect(children.filter(isAlive)).toEqual([])
  })

  test('a worker that ends is started again, and that nobody could be told is said once', async () => {
    void up()
    const before = childOf(await whenReady(), 'control')
    await fill()

    process.kill(before.pid, 'SIGKILL')
    await until('another control worker', () => told('worker-ready', 'control').length === 2)

    expect(told('not-recorded')).toHaveLength(1)
  })

  test('what could not be written is written when there is room again', async () => {
    void up({ upkeepEveryMs: 50 })
    const before = childOf(await whenReady(), 'control')
    await fill()
    process.kill(before.pid, 'SIGKILL')
    await until('it is told', () => told('not-recorded').length === 1)

    await rm(filler())

    await until('the other control worker is in the record', async () => {
      const child = childOf((await state())!, 'control')
      return child.pid !== before.pid && child.isReady
    })
  })

  test('an agent that cannot begin brings services back, and says what to do', async () => {
    await fill()

    const agent = up({ holds: holds() })

    await expect(agent).rejects.toMatchObject({
      code: 'agent.not-recorded',
      message: expect.stringContaining(site.stateDir) as string,
      hint: expect.stringContaining('room') as string,
    })
    expect(started).toEqual(['docker:web'])
  })

  test('an agent that cannot begin, because another one runs, touches nothing of that', async () => {
    void up()
    await whenReady()
    await fill()

    const second = up({ holds: holds() })

    await expect(second).rejects.toMatchObject({ code: 'agent.running' })
    expect(started).toEqual([])
  })

  test('an agent that cannot begin ends the workers of a killed one before it starts what they hold', async () => {
    const left = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
      detached: true,
      stdio: 'ignore',
    })
    const orphan = { ...processIdentity(left.pid!)!, name: 'data', isReady: true }
    await writeAgentState(site.stateDir, {
      ...{ agentVersion: 1, pid: left.pid!, startTime: 'of a killed one' },
      ...{ phase: 'ready', startedAt: '2026-03-05T02:00:00Z', children: [orphan] },
    })
    await fill()
    const aliveAtStart: boolean[] = []

    const agent = up({
      holds: { ...holds(), start: async () => void aliveAtStart.push(isAlive(orphan)) },
    })

    await expect(agent).rejects.toMatchObject({ code: 'agent.not-recorded' })
    expect(aliveAtStart).toEqual([false])
  })
})

describe('as a process of its own', () => {
  const processes: ChildProcess[] = []
  const program = (behaviour: string): readonly [string, ...string[]] => [
    process.execPath,
    ...['--import', 'tsx', join(import.meta.dirname, 'support', 'fake-agent.ts')],
    ...[JSON.stringify(site), trace, behaviour],
  ]

  function start(behaviour = 'well'): ChildProcess {
    const [command, ...args] = program(behaviour)
    const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } })
    processes.push(child)
    return child
  }
  afterEach(() => {
    for (const child of processes.splice(0)) child.kill('SIGKILL')
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops it in order', async (signal) => {
    const child = start()
    await whenReady()

    child.kill(signal)
    const [code] = (await once(child, 'exit')) as [number]

    expect(code).toBe(0)
    expect((await traced()).slice(2).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'data stopped',
      'control stopped',
    ])
  })

  test('its workers end with it when it is killed', async () => {
    const child = start()
    const { children } = await whenReady()

    child.kill('SIGKILL')

    await until('both workers have ended', () => children.every((one) => !isAlive(one)))
    expect((await traced()).filter((line) => line.includes('orphaned'))).toHaveLength(2)
    expect((await agentStatus(site)).state).toBe('killed')
  })

  test('the next agent ends a worker that outlived a killed one', async () => {
    const child = start('deaf')
    const { children } = await whenReady()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(children.filter(isAlive)).toHaveLength(2)

    void up()
    await whenReady()

    expect(children.filter(isAlive)).toEqual([])
    expect(events.filter(({ type }) => type === 'orphan-ended')).toHaveLength(2)
  })

  test('starts detached, is stopped by `down`, and `down` says when nothing runs', async () => {
    const started = await startDetached(site, {
      environment: { ...process.env, NODE_OPTIONS: '' },
      onEvent: () => undefined,
      argv: program('well'),
    })
    const again = startDetached(site, {
      environment: process.env,
      onEvent: () => undefined,
      argv: program('well'),
    })
    await expect(again).rejects.toMatchObject({ code: 'agent.running' })

    const stopped = await stopAgent(site)

    expect(stopped).toEqual({ pid: started.pid, wasKilled: false })
    expect(started.children.filter(isAlive)).toEqual([])
    await expect(stopAgent(site)).rejects.toMatchObject({ code: 'agent.not-running' })
  })

  test('a detached one that cannot start says why', async () => {
    const failed = startDetached(site, {
      environment: process.env,
      onEvent: () => undefined,
      argv: [process.execPath, '-e', 'console.error("plan of the site is broken"); process.exit(2)'],
    })

    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining('plan of the site is broken') as string,
    })
  })

  test('`down` ends what a killed agent left behind', async () => {
    const child = start('deaf')
    const { children, pid } = await whenReady()
    child.kill('SIGKILL')
    await once(child, 'exit')

    const stopped = await stopAgent(site)

    expect(stopped).toEqual({ pid, wasKilled: true })
    expect(children.filter(isAlive)).toEqual([])
    expect((await agentStatus(site)).state).toBe('not-running')
  })
})
