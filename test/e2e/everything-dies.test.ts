import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJournal } from '../../activities/journal/files.js'
import type { JournalEntry } from '../../activities/journal/journal.js'
import { workflowIds } from '../../core/ids.js'
import { ensureTemporalCli } from '../../temporal/cli-binary.js'
import { readServer } from '../../temporal/server-record.js'
import type { WatchdogLimits } from '../../worker/watchdog.js'
import type { Settlement } from '../../worker/settle.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { startHeldServices, type HeldServices } from '../support/held-services.js'
import { describeWith } from '../support/needs.js'
import { processesWith } from '../support/processes.js'
import { temporalCommand } from '../support/temporal-command.js'
import { until } from '../support/until.js'
import { makeWorld, type QuickOptions, type World } from './world.js'

// The cases R6, R7, R10, R11, R13 and R17 of docs/guarantees.md: nobody is left who would start a process and a container, but
// the journal.

const MAX_DOWNTIME_MS = 12_000
/** Long enough to kill everything and to run a command, also on a busy machine. */
const MIDDLING_MS = 30_000
/** As the watchdog of the product, with a tenth of its patience. */
const WATCHDOG: WatchdogLimits = { everyMs: 1000, graceMs: 6000, startAfterMs: 6000, healthyWithinMs: 6000 }
/** After the deadline, as R6 promises it: its grace and 15 s. */
const WATCHDOG_LATEST_MS = WATCHDOG.graceMs + 15_000

describeWith(['built', 'temporal', 'docker', 'root'], 'services come back from the journal alone', () => {
  let docker: DockerForTests
  let world: World
  let elsewhere: string
  let services: HeldServices
  const spawned: ChildProcess[] = []

  beforeAll(async () => {
    // Not in the folder of the world: killing everything of that must not kill the services.
    elsewhere = await mkdtemp(join(tmpdir(), 'services-'))
    docker = await requireDocker()
    services = await startHeldServices(docker, 'web', join(elsewhere, 'web'))
    world = await makeWorld({
      environment: { ...docker.environment, HOLDFAST_TEMPORAL_CLI: join(elsewhere, 'temporal') },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    await world.configure({ services: { ...services.definitions, other: services.command.definition } })
    await writePlan('short', `${MAX_DOWNTIME_MS}ms`)
    await writePlan('middling', `${MIDDLING_MS}ms`)
    await writePlan('long', '10m')
    await letTemporalStart()
    await upQuickly()
  })

  afterAll(async () => {
    await services.stop()
    for (const child of spawned) child.kill('SIGKILL')
    await killEverything()
    await world.dispose()
    await docker.clean()
    await rm(elsewhere, { recursive: true, force: true })
  })

  afterEach(async () => {
    expect(await services.areRunning()).toBe(true)
    expect(await world.journal()).toEqual([])
  })

  test('R7 when their guards are terminated, within 30 s', async () => {
    const run = await startedAndHanging('long')

    for (const service of services.references)
      await temporalCommand(world.stateDir, [
        ...['workflow', 'terminate', '--workflow-id'],
        workflowIds.guard('test', service),
      ])

    await until('the services are back', services.areRunning, 30_000)
    await until('the entries are gone', async () => (await world.journal()).length === 0)
    await giveUp(run)
  })

  test('R10 when the server is down for longer than the hold, a minute after the deadline', async () => {
    const before = await services.starts()
    const run = await startedAndHanging('short')
    const stoppedAt = Date.now()

    await keepTemporalDown()

    await until('the services are back', services.areRunning, MAX_DOWNTIME_MS + WATCHDOG_LATEST_MS)
    expect(Date.now() - stoppedAt).toBeGreaterThan(MAX_DOWNTIME_MS)
    await until('the entries are gone', async () => (await world.journal()).length === 0)
    await letTemporalStart()
    await giveUp(run)
    expect(await services.starts()).toEqual(before.map((starts) => starts + 1))
  })

  test("R11 when the embedded Temporal's folder is deleted, within 30 s of a new server", async () => {
    await startedAndHanging('long')

    await keepTemporalDown()
    await rm(world.path('state', 'temporal'), { recursive: true })
    await letTemporalStart()

    await until('a server is back', temporalAnswers)
    await until('the services are back', services.areRunning, 30_000)
    await until('the entries are gone', async () => (await world.journal()).length === 0)
    world.tar.kill()
  })

  test('R17 when the agent is told to leave: before it is gone, also while Temporal is down', async () => {
    const before = await services.starts()
    await startedAndHanging('long')
    await keepTemporalDown()
    await oweToARestore('command:other')
    // A capture that hangs would only make the data worker use up its time to leave.
    world.tar.kill()

    const down = await world.holdfast('down')

    expect(await services.areRunning()).toBe(true)
    expect(await services.starts()).toEqual(before.map((starts) => starts + 1))
    expect(await world.journal()).toEqual(['command:other'])
    expect(down.code).toBe(9)
    expect(down.stdout).toContain('STILL HELD: command:other')
    await rm(world.path('state', 'journal', 'command%3Aother.json'))
    await letTemporalStart()
    await upQuickly()
  })

  test('R6 when everything is killed and only the control worker is back, without Temporal', async () => {
    await startedAndHanging('short')
    const stoppedAt = Date.now()

    await killEverything()
    startControlWorker()

    await until('the services are back', services.areRunning, MAX_DOWNTIME_MS + WATCHDOG_LATEST_MS)
    expect(Date.now() - stoppedAt).toBeGreaterThan(MAX_DOWNTIME_MS)
    await until('the entries are gone', async () => (await world.journal()).length === 0)
    await endControlWorkers()
  })

  test('settled by hand when everything is dead: not before its time, then once, by two at once', async () => {
    await upQuickly()
    const before = await services.starts()
    await startedAndHanging('middling')
    await killEverything()
    // Each service has a guard and a deadline of its own.
    const deadline = Math.max(...(await Promise.all(services.references.map(deadlineOf))))

    const early = await world.json<Settlement>('journal', 'settle')
    const areStillDown = await services.areDown()
    await until('its time is over', () => Date.now() > deadline, MIDDLING_MS)
    const both = await Promise.all([settle(), settle()])

    expect(early.folder).toBe(world.path('state', 'journal'))
    for (const service of services.references)
      expect(early.services).toContainEqual(
        expect.objectContaining({ service, outcome: 'waits', until: expect.any(String) as string }),
      )
    expect(areStillDown).toBe(true)
    const started = both.flatMap(({ services: settled }) =>
      settled.filter(({ outcome }) => outcome === 'started').map(({ service }) => service),
    )
    expect(started).toEqual(expect.arrayContaining([...services.references]))
    expect(await services.starts()).toEqual(before.map((starts) => starts + 1))
  })

  test('R13 when the host boots: at once, whatever the guard would do', async () => {
    await upQuickly()
    await startedAndHanging('long')
    await killEverything()

    await upQuickly('another boot')

    await until('the services are back', services.areRunning, 30_000)
    await until('the entries are gone', async () => (await world.journal()).length === 0)
  })

  test('a damaged entry is named, hides no other, and is started only by its name', async () => {
    await killEverything()
    await services.command.stop()
    await owe({ service: 'command:web', lease: 'read' })
    await truncate(world.path('state', 'journal', 'command%3Aweb.json'), 30)
    await owe({ service: 'command:other', lease: 'write' })

    const shown = await world.holdfast('journal')
    const refused = await world.holdfast('journal', 'settle')
    const left = await services.command.isRunning()
    const started = await world.holdfast('journal', 'settle', '--start', 'command:web')
    const whole = await world.holdfast('journal', 'settle', '--start', 'command:other')
    const again = await world.holdfast('journal', 'settle', '--start', 'command:other')

    expect(shown.code).toBe(0)
    expect(shown.stdout).toContain('command%3Aweb.json')
    expect(shown.stdout).toContain('command:other')
    expect(refused.code).toBe(9)
    expect(refused.stdout).toContain('journal settle --start command:web')
    expect(refused.stdout).toContain('journal settle --start command:other')
    expect(left).toBe(false)
    expect(started.stdout).toContain('you asked for it')
    // The other one still needs a person.
    expect(started.code).toBe(9)
    expect(whole.code).toBe(0)
    expect(again.code).toBe(3)
  })

  const settle = () => world.json<Settlement>('journal', 'settle')

  const upQuickly = (bootId?: string) =>
    world.upQuickly({ watchdog: WATCHDOG, ...(bootId === undefined ? {} : { bootId }) })

  const writePlan = (plan: string, maxDowntime: string) =>
    world.writePlan({
      plan,
      hold: { services: services.references, maxDowntime },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
      retry: { attempts: 1 },
    })

  async function startedAndHanging(plan: string): Promise<string> {
    const { workflowId } = await world.startHanging(plan)
    expect(await services.areDown()).toBe(true)
    return workflowId
  }

  async function giveUp(workflowId: string): Promise<void> {
    world.tar.kill()
    const args = ['workflow', 'terminate', '--workflow-id', workflowId]
    await until(
      'the run ends',
      () =>
        temporalCommand(world.stateDir, args).then(
          () => true,
          () => false,
        ),
      60_000,
    )
  }

  /** All that runs for this world, each with SIGKILL; also what a capture has started. */
  async function killEverything(): Promise<void> {
    await until('all is dead', async () => {
      const pids = processesWith(world.folder)
      for (const pid of pids) killNow(pid)
      return pids.length === 0
    })
    world.tar.kill()
  }

  function startControlWorker(): void {
    const script = join(import.meta.dirname, '..', 'support', 'quick-worker.mjs')
    const options: QuickOptions = { watchdog: WATCHDOG }
    spawned.push(
      spawn(process.execPath, [script, world.path('holdfast.yaml'), 'control', JSON.stringify(options)], {
        stdio: 'ignore',
        env: { ...process.env, ...docker.environment, NODE_OPTIONS: '' },
      }),
    )
  }

  async function endControlWorkers(): Promise<void> {
    for (const child of spawned.splice(0)) {
      if (child.kill('SIGTERM')) await once(child, 'exit')
    }
  }

  const temporalAnswers = () =>
    temporalCommand(world.stateDir, ['operator', 'namespace', 'describe']).then(
      () => true,
      () => false,
    )

  /** The agent would start the server again: its program fails from now on. */
  async function keepTemporalDown(): Promise<void> {
    await writeTemporal('exit 1')
    const server = await readServer(world.stateDir)
    killNow(server!.pid)
  }

  async function letTemporalStart(): Promise<void> {
    const { path } = await ensureTemporalCli({ environment: process.env })
    await writeTemporal(`exec ${path} "$@"`)
  }

  async function writeTemporal(script: string): Promise<void> {
    const file = join(elsewhere, 'temporal')
    await writeFile(file, `#!/bin/sh\n${script}\n`)
    await chmod(file, 0o755)
  }

  const journal = () => createJournal({ stateDir: world.stateDir, bootId: 'this test' })

  const owe = ({ service: name, lease }: Pick<JournalEntry, 'service' | 'lease'>) =>
    journal().open({
      service: name,
      stateBefore: 'running',
      mode: 'stop',
      lease,
      stopRequestedAt: new Date().toISOString(),
      stopTimeoutMs: 1000,
      guard: { workflowId: `guard/test/${name}`, runId: 'gone' },
    })

  const oweToARestore = (name: string) => owe({ service: name, lease: 'write' })

  async function deadlineOf(name: string): Promise<number> {
    const file = world.path('state', 'journal', `${encodeURIComponent(name)}.json`)
    const { deadlineAt = '' } = JSON.parse(await readFile(file, 'utf8')) as JournalEntry
    return Date.parse(deadlineAt)
  }
})

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
