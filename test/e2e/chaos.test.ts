import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { BackupSummary } from '../../core/backup.js'
import { workflowIds } from '../../core/ids.js'
import { requireDocker, type DockerForTests } from '../support/docker.js'
import { startHeldServices, type HeldServices } from '../support/held-services.js'
import { longer } from '../support/long.js'
import { describeWith } from '../support/needs.js'
import { temporalCommand } from '../support/temporal-command.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// Random kills at random moments of a run that holds a `command` service and a Docker container. HOLDFAST_TEST_SEED repeats a run of this test as far as the machine allows.

const KILLS = longer(10)
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20_261_121)
const MAX_DOWNTIME_MS = 5000
/** A whole run takes a little less: kills come before, during and after its hold. */
const LATEST_KILL_MS = 4000
const RECOVERY_LIMIT_MS = 120_000
/** A run that lost its worker lasts until its heartbeat times out: the next kill does not wait for that. */
const PLANS = 4

interface Run {
  readonly workflowId: string
  readonly held: HeldServices
  /** Of its plan. */
  readonly number: number
}

interface KilledRun extends Run, Kill {
  readonly lateMs: number
}

describeWith(['built', 'temporal', 'docker'], 'whatever is killed', () => {
  let world: World
  let docker: DockerForTests
  let services: readonly HeldServices[]

  beforeAll(async () => {
    docker = await requireDocker()
    world = await makeWorld({ environment: { ...docker.environment } })
    services = await Promise.all(
      Array.from({ length: PLANS }, (_, number) =>
        startHeldServices(docker, `web-${number}`, world.path(`web-${number}`)),
      ),
    )
    await world.configure({
      services: Object.assign({}, ...services.map(({ definitions }) => definitions)) as object,
      limits: { parallelCaptures: PLANS },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'large'), randomBytes(8 * 2 ** 20).toString('hex'))
    await writeFile(world.path('small'), 'content')
    for (const [number, { references }] of services.entries()) {
      await world.writePlan({
        ...plan(`held-${number}`, references, world.path('data'), MAX_DOWNTIME_MS),
        compression: { algorithm: 'zstd', level: 12 },
        retry: { attempts: 1 },
      })
      await world.writePlan(plan(`next-${number}`, references, world.path('small'), 60_000))
    }
    await world.up()
  })

  afterAll(async () => {
    for (const held of services) await held.stop()
    await world.dispose()
    await docker.clean()
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
    'the guards': ({ held }) =>
      Promise.all(held.references.map((service) => workflow('terminate', guardOf(service)))),
    'the run': ({ workflowId }) => workflow('terminate', workflowId),
    'the will to go on': ({ workflowId }) => workflow('cancel', workflowId),
  }

  test(
    `the service comes back, no lease is left, and the next run is good (seed ${SEED}, ${KILLS} kills)`,
    async () => {
      const runs: KilledRun[] = []
      for (const [index, { death, afterMs }] of kills(Object.keys(deaths)).entries()) {
        const number = index % PLANS
        const held = services[number]!
        await nextIsGood(runs.at(-PLANS))
        const watch = watchDowntime(held)
        const { workflowId } = await world.json<{ workflowId: string }>(
          ...['backup', 'create', `held-${number}`, '--no-wait'],
        )
        const run = { workflowId, held, number }
        await delay(afterMs)
        await deaths[death]!(run)

        await until(
          `${held.references.join(' and ')} are back and owed nothing after the death of ${death} at ${afterMs} ms`,
          async () => (await held.areRunning()) && (await isOwedNothing(held)),
          RECOVERY_LIMIT_MS,
        )
        runs.push({ ...run, death, afterMs, lateMs: Math.max(0, watch.stop() - MAX_DOWNTIME_MS) })
      }
      for (const run of runs.slice(-PLANS)) await nextIsGood(run)

      await until('no run and no guard is left', isNobodyAtWork, RECOVERY_LIMIT_MS)
      expect(await world.journal()).toEqual([])
      for (const held of services) expect(await held.areRunning()).toBe(true)
      const listed = await world.json<BackupSummary[]>('backup', 'list')
      const verified = listed.map(({ id }) => world.holdfast('backup', 'verify', id))
      expect((await Promise.all(verified)).map(({ code }) => code)).toEqual(listed.map(() => 0))
      const latest = runs.reduce((worst, run) => (run.lateMs > worst.lateMs ? run : worst))
      process.stderr.write(
        `${KILLS} kills, seed ${SEED}: longest time down beyond maxDowntime ${latest.lateMs} ms (${latest.death}, killed after ${latest.afterMs} ms)\n`,
      )
    },
    longer(600_000),
  )

  /** When the run that was killed has given up: it would stop the services once more, for no longer than its own plan allows. */
  async function nextIsGood(killed: KilledRun | undefined): Promise<void> {
    if (killed === undefined) return
    const { workflowId, held, number, death, afterMs } = killed
    const ids = [workflowId, ...held.references.map(guardOf)].map((id) => `'${id}'`)
    await until(
      `${workflowId} and its guards have ended`,
      () => hasNone(`WorkflowId IN (${ids.join(', ')})`),
      RECOVERY_LIMIT_MS,
    )
    const next = await world.holdfast('backup', 'create', `next-${number}`)
    const said = next.code === 0 ? '' : next.stderr
    expect({ death, afterMs, code: next.code, said }).toEqual({ death, afterMs, code: 0, said: '' })
  }

  async function isOwedNothing({ references }: HeldServices): Promise<boolean> {
    const owed = await world.journal()
    return !references.some((reference) => owed.includes(reference))
  }

  const isNobodyAtWork = () => hasNone("WorkflowType IN ('serviceGuard', 'backupRun')")

  const hasNone = (query: string) =>
    temporalCommand(world.stateDir, [
      ...['workflow', 'list', '--query'],
      `ExecutionStatus = 'Running' AND ${query}`,
    ]).then(
      (list) => !/serviceGuard|backupRun/.test(list),
      () => false,
    )
})

interface Kill {
  readonly death: string
  readonly afterMs: number
}

const guardOf = (service: string) => workflowIds.guard('test', service)

const plan = (name: string, services: readonly string[], path: string, maxDowntimeMs: number) => ({
  plan: name,
  hold: { services, maxDowntime: `${maxDowntimeMs}ms` },
  sources: { data: { type: 'files', paths: [path] } },
  retention: { keepLast: 1 },
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

/** The longest time for which one of the services was seen down. */
function watchDowntime({ command, container }: HeldServices): { stop(): number } {
  let longest = 0
  const looks = [command, container].map((service) => {
    let downSince: number | undefined
    return async () => {
      if (await service.isRunning()) downSince = undefined
      else longest = Math.max(longest, Date.now() - (downSince ??= Date.now()))
    }
  })
  const timer = setInterval(() => looks.forEach((look) => void look()), 100)
  return {
    stop() {
      clearInterval(timer)
      return longest
    },
  }
}
