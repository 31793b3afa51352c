import type { Command } from '@oclif/core'
import { Console } from 'node:console'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { stringify } from 'yaml'
import BackupCreate from '../../cli/commands/backup/create.js'
import BackupDelete from '../../cli/commands/backup/delete.js'
import BackupSchedule from '../../cli/commands/backup/schedule.js'
import ExplainError from '../../cli/commands/explain-error.js'
import KeyCreate from '../../cli/commands/key/create.js'
import PlanExplain from '../../cli/commands/plan/explain.js'
import PlanList from '../../cli/commands/plan/list.js'
import PlanShow from '../../cli/commands/plan/show.js'
import PlanValidate from '../../cli/commands/plan/validate.js'
import Status from '../../cli/commands/status.js'
import type { FullStatus } from '../../cli/output/status.js'

const root = join(import.meta.dirname, '..', '..')
const consoleOfJest = globalThis.console

let folder: string

beforeAll(() => {
  // oclif prints through the console, and jest's own is not what a command prints to.
  globalThis.console = new Console(process.stdout, process.stderr)
})
afterAll(() => {
  globalThis.console = consoleOfJest
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-commands-'))
  await mkdir(join(folder, 'plans'), { mode: 0o700 })
  await writeYaml('holdfast.yaml', {
    version: 1,
    site: 'test',
    host: 'test',
    stateDir: join(folder, 'state'),
    destinations: { disk: { type: 'local', path: join(folder, 'backups') } },
  })
  await writeYaml('plans/shop.yaml', {
    version: 1,
    plan: 'shop',
    schedule: { every: '24h' },
    sources: { data: { type: 'files', paths: [join(folder, 'data')], live: true } },
    destinations: ['disk'],
  })
})
afterEach(async () => {
  // What a command says of its own end is not the end of the tests.
  process.exitCode = undefined
  await rm(folder, { recursive: true })
})

const writeYaml = (path: string, value: object) =>
  writeFile(join(folder, path), stringify(value), { mode: 0o600 })

type Runnable = { run(argv: string[], options: { root: string }): Promise<unknown> } & typeof Command

/** Runs a command in this process, with the configuration of the test. */
async function run(command: unknown, ...argv: string[]) {
  const stdout = listenTo(process.stdout)
  const stderr = listenTo(process.stderr)
  let thrown: number | undefined
  try {
    await (command as Runnable).run([...argv, '--config', join(folder, 'holdfast.yaml')], { root })
  } catch (error) {
    thrown = (error as { oclif?: { exit?: number } }).oclif?.exit
    if (thrown === undefined) throw error
  } finally {
    stdout.stop()
    stderr.stop()
  }
  return { stdout: stdout.text(), stderr: stderr.text(), code: thrown ?? process.exitCode ?? 0 }
}

/** What is written to the stream from now on, instead of to the terminal. */
function listenTo(stream: NodeJS.WriteStream) {
  const write = stream.write.bind(stream)
  let text = ''
  stream.write = (piece: string | Uint8Array) => {
    text += String(piece)
    return true
  }
  // Colours are for the terminal that runs the tests, where it asks for them (FORCE_COLOR).
  return { text: () => stripVTControlCharacters(text), stop: () => void (stream.write = write) }
}

test('plans are listed as a table, and as JSON', async () => {
  const table = await run(PlanList)
  const json = await run(PlanList, '--json')

  expect(table).toMatchObject({ code: 0, stdout: expect.stringContaining('plans/shop.yaml') as string })
  expect(JSON.parse(json.stdout)).toMatchObject([{ plan: 'shop', host: 'test', sources: ['data'] }])
})

test('a plan is explained with its next five runs, and shown as it was written', async () => {
  const explained = JSON.parse((await run(PlanExplain, 'shop', '--json')).stdout) as { nextRuns: string[] }
  const shown = await run(PlanShow, 'shop')

  expect(explained.nextRuns).toHaveLength(5)
  expect(shown.stdout).toContain('plan: shop')
})

test('a good plan validates; mistakes come all at once, by line, with exit code 2', async () => {
  const good = await run(PlanValidate)
  await writeYaml('plans/shop.yaml', { version: 1, plan: 'shop', sorces: {}, retention: { keepLat: 1 } })
  const bad = await run(PlanValidate)
  const json = await run(PlanValidate, '--json')

  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('no errors') as string })
  expect(bad.code).toBe(2)
  expect(bad.stderr).toMatch(/^plans\/shop\.yaml:\d+:\d+ error/)
  expect(bad.stderr).toContain('Did you mean "sources"?')
  expect(bad.stderr).toContain('Did you mean "keepLast"?')
  expect(JSON.parse(json.stdout)).toMatchObject({
    error: { code: 'plan.invalid', kind: 'input', details: { issues: expect.any(Array) as unknown[] } },
  })
})

test('an unknown plan exits with 3 and asks what was meant', async () => {
  const { code, stderr, stdout } = await run(BackupCreate, 'shp')

  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toContain('Did you mean "shop"?')
})

test('an unknown source is refused before anything is asked of Temporal', async () => {
  const { code, stderr } = await run(BackupCreate, 'shop', '--source', 'dta')

  expect(code).toBe(2)
  expect(stderr).toContain('Did you mean "data"?')
})

test('without Temporal a command exits with 6 and says how to start it', async () => {
  const { code, stderr } = await run(BackupDelete, '20261120-013000-shop-7f3a2c')

  expect(code).toBe(6)
  expect(stderr).toContain('holdfast up')
})

test('status needs no Temporal: it says what is wrong, and exits with 1', async () => {
  await mkdir(join(folder, 'state', 'alarms'), { recursive: true })
  const alarm = {
    cause: 'run-failed/shop',
    summary: 'It failed.',
    hint: 'Mend it.',
    raisedAt: '2026-11-20T01:30:00Z',
  }
  await writeFile(join(folder, 'state', 'alarms', 'a.json'), JSON.stringify(alarm))

  const text = await run(Status)
  const json = await run(Status, '--json')

  expect(text.code).toBe(1)
  expect(text.stdout).toContain('run-failed/shop')
  expect(text.stdout).toContain('Mend it.')
  expect(text.stdout).toContain('holdfast up')
  expect(JSON.parse(json.stdout)).toMatchObject({
    agent: { state: 'not-running' },
    temporal: { isReachable: false },
    alarms: [alarm],
    plans: [{ plan: 'shop', schedule: 'unknown' }],
  })
})

test('a key that is there is refused before its sheet is typed in', async () => {
  const path = join(folder, 'main.key')
  await writeFile(path, 'a key', { mode: 0o400 })
  await writeYaml('holdfast.yaml', { version: 1, host: 'test', keys: { main: { type: 'file', path } } })

  const { stdout } = await run(KeyCreate, 'main', '--from-sheet', '--json')

  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'key.exists' } })
})

test('status goes on where the state cannot be looked at, and says it once', async () => {
  await writeFile(join(folder, 'state'), '')

  const { code, stdout } = await run(Status, '--json')

  const { agent, plans, problems } = JSON.parse(stdout) as FullStatus
  expect({ code, agent, plans: plans.length }).toEqual({
    ...{ code: 1, plans: 1 },
    agent: { state: 'unknown', workers: [] },
  })
  expect(problems.filter((problem) => problem.includes('that is a file'))).toHaveLength(1)
})

test.each([
  ['a flag that does not exist', ['shop', '--frobnicate']],
  ['flags that do not go together', ['shop', '--pause', '--resume']],
  ['a change without a plan', ['--pause']],
])('%s is a mistake of input, also as JSON', async (_, argv) => {
  const text = await run(BackupSchedule, ...argv)
  const json = await run(BackupSchedule, ...argv, '--json')

  expect([text.code, json.code]).toEqual([2, 2])
  expect(text.stderr).toMatch(/^error /)
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'flag.invalid', kind: 'input' } })
})

test('a configuration that is not there says where it was looked for', async () => {
  await rm(join(folder, 'holdfast.yaml'))

  const { code, stderr } = await run(PlanList)

  expect(code).toBe(3)
  expect(stderr).toContain(join(folder, 'holdfast.yaml'))
})

test('an error code is explained; one that does not exist is refused', async () => {
  const { stdout } = await run(ExplainError, 'plan.not-found')
  const unknown = await run(ExplainError, 'constructor')

  expect(stdout).toContain('exit code 3')
  expect(unknown.code).toBe(2)
})
