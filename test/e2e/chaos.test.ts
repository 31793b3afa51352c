import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { BackupSummary } from '../../core/backup.js'
import { workflowIds } from '../../core/ids.js'
import { longer } from '../support/long.js'
import { describeWith } from '../support/needs.js'
import { makeProcessService, type ProcessService } from '../support/process-service.js'
import { temporalCommand } from '../support/temporal-command.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// Random kills at random moments of a run. HOLDFAST_TEST_SEED repeats a run of this test as far as the machine allows.

const KILLS = longer(10)
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20_261_121)
const MAX_DOWNTIME_MS = 5000
/** A whole run takes a little less: kills come before, during and after its hold. */
const LATEST_KILL_MS = 5000
const RECOVERY_LIMIT_MS = 120_000
/** A run that lost its worker lasts until its heartbeat times out: the next kill does not wait for that. */
const PLANS = 5

interface Run {
  readonly workflowId: string
  /** Canonical reference. */
  readonly service: string
}

describeWith(['built', 'temporal'], 'whatever is killed', () => {
  let world: World
  let services: ProcessService[]

  beforeAll(async () => {
    world = await makeWorld()
    services = await Promise.all(
      Array.from({ length: PLANS }, (_, number) => makeProcessService(world.path(`web-${number}`))),
    )
    for (const service of services) await service.start()
    await world.configure({
      services: Object.fromEntries(services.map(({ definition }, number) => [`web-${number}`, definition])),
      limits: { parallelCaptures: PLANS },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'large'), randomBytes(16 * 2 ** 20).toString('hex'))
    await writeFile(world.path('small'), 'content')
    for (const number of services.keys()) {
      await world.writePlan({
        ...plan(`held-${number}`, number, world.path('data'), MAX_DOWNTIME_MS),
        compression: { algorithm: 'zstd', level: 12 },
        retention: { keepLast: 3 },
        retry: { attempts: 1 },
      })
      await world.writePlan(plan(`next-${number}`, number, world.path('small'), 60_000))
    }
    await world.up()
  })

  afterAll(async () => {
    for (const service of services) await service.stop()
    await world.dispose()
  })

  const killWorkers = async (...names: string[]) => {
    const children = await world.children()
    for (const name of names) kill(children[name])
  }
  const workflow = (verb: string, workflowId: string) =>
    // A run that has ended, and a guard that was not needed yet, cannot be ended any more.
    temporalCommand(world.stateDir, ['workflow', verb, '--workflow-id', workflowId]).catch(() => undefined)

  const deaths: Record<string, (run: Run) => Promise<unknown>> = {
    'the data worker': () => killWorkers('data'),
    'the control worker': () => killWorkers('control'),
    'both workers': () => killWorkers('data', 'control'),
    Temporal: async () => kill(await world.temporalServer()),
    'the agent': async () => {
      kill(await world.agent())
      await world.up()
    },
    'everything at once': async () => {
      const all = [
        await world.agent(),
        await world.temporalServer(),
        ...Object.values(await world.children()),
      ]
      for (const pid of all) kill(pid)
      await world.up()
    },
    'the guard': ({ service }) => workflow('terminate', guardOf(service)),
    'the run': ({ workflowId }) => workflow('terminate', workflowId),
    'the will to go on': ({ workflowId }) => workflow('cancel', workflowId),
  }

  test(
    `the service comes back, no lease is left, and the next run is good (seed ${SEED}, ${KILLS} kills)`,
    async () => {
      const runs: (Run & Kill & { lateMs: number })[] = []
      for (const [index, { death, afterMs }] of kills(Object.keys(deaths)).entries()) {
        const number = index % PLANS
        const service = services[number]!
        const watch = watchDowntime(service)
        const { workflowId } = await world.json<{ workflowId: string }>(
          ...['backup', 'create', `held-${number}`, '--no-wait'],
        )
        const run = { workflowId, service: `command:web-${number}` }
        await delay(afterMs)
        await deaths[death]!(run)

        await until(
          `${run.service} is back and owed nothing after the death of ${death} at ${afterMs} ms`,
          async () => (await service.isRunning()) && !(await world.journal()).includes(run.service),
          RECOVERY_LIMIT_MS,
        )
        runs.push({ ...run, death, afterMs, lateMs: Math.max(0, watch.stop() - MAX_DOWNTIME_MS) })
        const next = await world.holdfast('backup', 'create', `next-${number}`)
        const said = next.code === 0 ? '' : next.stderr
        expect({ death, afterMs, code: next.code, said }).toEqual({ death, afterMs, code: 0, said: '' })
      }

      for (const { workflowId } of runs) {
        await until(`${workflowId} has ended`, () => hasEnded(workflowId), RECOVERY_LIMIT_MS)
      }
      await until('no guard is left', async () => !(await openGuards()).includes('guard/'), RECOVERY_LIMIT_MS)
      expect(await world.journal()).toEqual([])
      for (const service of services) expect(await service.isRunning()).toBe(true)
      for (const { id } of await world.json<BackupSummary[]>('backup', 'list')) {
        expect((await world.holdfast('backup', 'verify', id)).code).toBe(0)
      }
      const latest = runs.reduce((worst, run) => (run.lateMs > worst.lateMs ? run : worst))
      process.stderr.write(
        `${KILLS} kills, seed ${SEED}: longest time down beyond maxDowntime ${latest.lateMs} ms (${latest.death}, killed after ${latest.afterMs} ms)\n`,
      )
    },
    longer(600_000),
  )

  const hasEnded = async (workflowId: string): Promise<boolean> => {
    const { code, stdout } = await world.holdfast('run', 'show', workflowId, '--json')
    return code === 0 && (JSON.parse(stdout) as { status: string }).status !== 'running'
  }

  const openGuards = () =>
    temporalCommand(world.stateDir, [
      ...['workflow', 'list', '--query', "ExecutionStatus = 'Running' AND WorkflowType = 'serviceGuard'"],
    ]).catch(() => 'guard/')
})

interface Kill {
  readonly death: string
  readonly afterMs: number
}

const guardOf = (service: string) => workflowIds.guard('test', service)

const plan = (name: string, number: number, path: string, maxDowntimeMs: number) => ({
  plan: name,
  hold: { services: [`command:web-${number}`], maxDowntime: `${maxDowntimeMs}ms` },
  sources: { data: { type: 'files', paths: [path] } },
})

const kills = (deaths: readonly string[]): readonly Kill[] =>
  fc.sample(
    fc.record({
      death: fc.constantFrom(...deaths),
      afterMs: fc.noBias(fc.integer({ min: 0, max: LATEST_KILL_MS })),
    }),
    { seed: SEED, numRuns: KILLS },
  )

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // It is being started again after an earlier kill.
  }
}

/** The longest time for which the service was seen down. */
function watchDowntime(service: ProcessService): { stop(): number } {
  let longest = 0
  let downSince: number | undefined
  const look = async () => {
    if (await service.isRunning()) downSince = undefined
    else longest = Math.max(longest, Date.now() - (downSince ??= Date.now()))
  }
  const timer = setInterval(() => void look(), 100)
  return {
    stop() {
      clearInterval(timer)
      return longest
    },
  }
}
