import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { RunSummary } from '../../operations/runs.js'
import { readAgentState, readLiveAgent } from '../../temporal/agent-state.js'
import { writeJsonFile } from '../../temporal/json-file.js'
import type { Ports } from '../../temporal/ports.js'
import { readServer } from '../../temporal/server-record.js'
import type { WorkerRunOptions } from '../../worker/run.js'
import { watchCanaries } from '../support/canaries.js'
import { makeStubbornTar, type HangingTar, type StubbornTar } from '../support/stubborn-tar.js'
import { tellWhenInVain, until } from '../support/until.js'

const support = join(import.meta.dirname, '..', 'support')
const program = join(import.meta.dirname, '..', '..', 'bin', 'run.js')
// A worker that was killed in a capture is missed after a minute.
const COMMAND_LIMIT_MS = 240_000
const RUN_LIMIT_MS = 150_000

/** A shorter patience of workers. */
export type QuickOptions = Pick<WorkerRunOptions, 'watchdog' | 'bootId'>

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A machine of its own for one test file: configuration, plans, state folder, destination, and a running agent. */
export interface World {
  readonly folder: string
  readonly destination: string
  readonly stateDir: string
  path(...parts: string[]): string
  /** Runs `holdfast …` in the folder, without a terminal. */
  holdfast(...args: string[]): Promise<Finished>
  /** The same with `--json`; fails the test when the command fails. */
  json<T>(...args: string[]): Promise<T>
  writePlan(plan: { readonly plan: string } & Record<string, unknown>): Promise<void>
  configure(changes: Record<string, unknown>): Promise<void>
  up(): Promise<void>
  /** The same agent, whose watchdog has less patience; with `bootId`, as if the host had been booted. */
  upQuickly(options: QuickOptions): Promise<void>
  /** Process id of `holdfast up`. */
  agent(): Promise<number | undefined>
  /** Process id of the embedded Temporal. */
  temporalServer(): Promise<number | undefined>
  /** Process ids of the agent's workers, by name. */
  children(): Promise<Record<string, number>>
  /** Services with an entry in the journal: stopped, and owed a start. */
  journal(): Promise<string[]>
  /** Causes of the alarms that are open, without a command: for looking often. */
  alarms(): Promise<string[]>
  /** The tar of its workers, which hangs when it is told so. */
  readonly tar: StubbornTar
  /** Starts a run without waiting; resolves when its capture hangs: what it holds is down. */
  startHanging(plan: string): Promise<HangingRun>
  /** This too may not be seen anywhere from now on, but in files of these names. */
  keepsSecret(name: string, value: string, mayHold: readonly string[]): void
  /** How a run has ended; waits until it has. */
  outcomeOf(workflowId: string): Promise<string>
  /** Ends all that runs. Fails when a secret was seen where none may be. */
  dispose(): Promise<void>
}

export interface HangingRun {
  readonly workflowId: string
  readonly tar: HangingTar
}

export interface WorldOptions {
  readonly services?: Record<string, unknown>
  /** Environment of every command and of the workers. */
  readonly environment?: Record<string, string>
  /** Also in their environment. None may be seen anywhere else when the world ends: the promise S1. */
  readonly secrets?: Record<string, string>
  readonly configuration?: Record<string, unknown>
}

/**
 * As of the last time, and below those that systems give out: while a server is dead, the workers of its world try its port, and
 * must not find that of another world there.
 */
function portsOfThisWorker(): Ports {
  // Two runs of the tests on one machine are given different ones.
  const first = Number(process.env['HOLDFAST_TEST_PORTS'] ?? 21_000)
  const frontend = first + 10 * Number(process.env['JEST_WORKER_ID'] ?? 0)
  return { frontend, ui: frontend + 1, http: frontend + 2, metrics: frontend + 3 }
}

export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'))
  const path = (...parts: string[]) => join(folder, ...parts)
  const tar = await makeStubbornTar(path('bin'))
  const { secrets = {} } = options
  const environment = { PATH: tar.path, ...options.environment, ...secrets }
  const canaries = watchCanaries(folder, secrets)
  await mkdir(path('plans'), { mode: 0o700 })
  let configuration: Record<string, unknown> = {
    version: 1,
    site: 'test',
    host: 'test',
    stateDir: path('state'),
    destinations: { disk: { type: 'local', path: path('backups') } },
    ...(options.services === undefined ? {} : { services: options.services }),
    ...options.configuration,
  }

  async function configure(changes: Record<string, unknown>): Promise<void> {
    configuration = { ...configuration, ...changes }
    await writeFile(path('holdfast.yaml'), stringify(configuration), { mode: 0o600 })
  }
  await configure({})
  await writeJsonFile(path('state', 'temporal', 'ports.json'), portsOfThisWorker())

  const logs = () => logsOf(path('state', 'logs'))
  const tellNoMore = tellWhenInVain(logs)

  const holdfast = (...args: string[]) => runWithin(COMMAND_LIMIT_MS, args)

  async function runWithin(timeout: number, args: readonly string[]): Promise<Finished> {
    const { exitCode, stdout, stderr, timedOut } = await execa(process.execPath, [program, ...args], {
      cwd: folder,
      reject: false,
      stdin: 'ignore',
      timeout,
      env: { NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: '', ...environment },
    })
    canaries.inspect(`what holdfast ${args.join(' ')} said`, `${stdout}\n${stderr}`)
    if (timedOut) {
      throw new Error(
        `holdfast ${args.join(' ')} did not end in time:\n${stdout}\n${stderr}\n${await logs()}`,
      )
    }
    return { code: exitCode ?? -1, stdout, stderr }
  }

  async function json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await holdfast(...args, '--json')
    if (code !== 0) throw new Error(`holdfast ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`)
    return JSON.parse(stdout) as T
  }

  return {
    folder,
    destination: path('backups'),
    stateDir: path('state'),
    path,
    holdfast,
    json,
    configure,
    writePlan: (plan) =>
      writeFile(
        path('plans', `${plan.plan}.yaml`),
        stringify({ version: 1, destinations: ['disk'], ...plan }),
        { mode: 0o600 },
      ),
    async up() {
      const { code, stdout, stderr } = await holdfast('up', '--detach')
      if (code !== 0)
        throw new Error(`holdfast up --detach ended with ${code}:\n${stdout}\n${stderr}\n${await logs()}`)
    },
    async upQuickly(options) {
      const log = openSync(path('agent.log'), 'a')
      const argv = [join(support, 'quick-agent.mjs'), path('holdfast.yaml')]
      spawn(process.execPath, [...argv, JSON.stringify(options)], {
        cwd: join(support, '..', '..'),
        env: { ...process.env, NODE_OPTIONS: '', ...environment },
        detached: true,
        stdio: ['ignore', log, log],
      }).unref()
      closeSync(log)
      const isReady = async () => (await readLiveAgent(path('state')))?.phase === 'ready'
      await until('the agent is ready', isReady)
    },
    agent: async () => (await readAgentState(path('state')))?.pid,
    temporalServer: async () => (await readServer(path('state')))?.pid,
    children: async () =>
      Object.fromEntries(
        (await readAgentState(path('state')))?.children.map(({ name, pid }) => [name, pid]) ?? [],
      ),
    async journal() {
      const names = await readdir(path('state', 'journal')).catch((): string[] => [])
      return names
        .filter((name) => name.endsWith('.json'))
        .map((name) => decodeURIComponent(name.slice(0, -'.json'.length)))
    },
    async alarms() {
      const names = await readdir(path('state', 'alarms')).catch((): string[] => [])
      // One that is resolved right now, or not written whole yet, is seen at the next look.
      const texts = names.map((name) => readFile(path('state', 'alarms', name), 'utf8').catch(() => ''))
      return (await Promise.all(texts)).flatMap((text) => /"cause": ?"([^"]+)"/.exec(text)?.[1] ?? [])
    },
    tar,
    async startHanging(plan) {
      let workflowId = ''
      const begin = async () => {
        workflowId = (await json<{ workflowId: string }>('backup', 'create', plan, '--no-wait')).workflowId
      }
      try {
        const hanging = await tar.hang(begin)
        return { workflowId, tar: hanging }
      } catch (error) {
        const { stdout, stderr } = await holdfast('run', 'show', workflowId)
        throw new Error(`${plan} reached no capture:\n${stdout}\n${stderr}`, { cause: error })
      }
    },
    async outcomeOf(workflowId) {
      // The watch ends with the run, whatever its exit code; many short commands would keep a core busy meanwhile.
      await runWithin(RUN_LIMIT_MS, ['run', 'watch', workflowId, '--quiet'])
      const { outcome } = await json<RunSummary>('run', 'show', workflowId)
      if (outcome === undefined) throw new Error(`${workflowId} has not ended.`)
      return outcome
    },
    keepsSecret: (name, value, mayHold) => canaries.add(name, value, mayHold),
    async dispose() {
      tellNoMore()
      await holdfast('down')
      const leaks = await canaries.found()
      await rm(folder, { recursive: true, force: true })
      if (leaks.length > 0) throw new Error(`S1: secrets were seen: ${leaks.join('; ')}`)
    },
  }
}

async function logsOf(folder: string): Promise<string> {
  if (!existsSync(folder)) return ''
  const texts = (await readdir(folder)).map(
    async (name) => `── ${name}\n${(await readFile(join(folder, name), 'utf8')).slice(-4000)}`,
  )
  return (await Promise.all(texts)).join('\n')
}
