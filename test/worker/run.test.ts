import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { errorOf } from '../../core/failure.js'
import { taskQueues } from '../../core/ids.js'
import type { Site } from '../../core/site.js'
import { machinesSeen } from '../../worker/machine.js'
import { openLog } from '../../temporal/log-file.js'
import { startTemporal, type TestTemporal } from '../support/temporal.js'
import { until } from '../support/until.js'
import { bundleFromSources } from '../support/workflow-bundle.js'
import { siteAt } from './support/site.js'

let folder: string
let bundle: string
let temporal: TestTemporal
let client: Client
const workers: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-worker-'))
  bundle = join(folder, 'bundle.js')
  const workflows = await bundleFromSources()
  await writeFile(bundle, 'code' in workflows ? workflows.code : '')
  temporal = await startTemporal()
  client = new Client({
    connection: await Connection.connect({ address: temporal.address }),
    namespace: 'holdfast',
  })
})
afterEach(async () => {
  for (const worker of workers.splice(0)) if (worker.kill('SIGKILL')) await once(worker, 'exit')
})
afterAll(async () => {
  await client.connection.close()
  await temporal.stop()
  await rm(folder, { recursive: true, force: true })
})

let states = 0
/** A host of its own for each test: Temporal remembers who asked for work for minutes. */
async function newSite(host: string, address = temporal.address): Promise<Site> {
  const stateDir = join(folder, `state-${states++}`)
  await mkdir(join(stateDir, 'plans'), { recursive: true, mode: 0o700 })
  await writeFile(join(stateDir, 'holdfast.yaml'), 'version: 1\n', { mode: 0o600 })
  return siteAt(stateDir, { host, temporal: { address } })
}

const logFile = (site: Site) => join(site.stateDir, 'worker.log')

function start(site: Site): ChildProcess {
  const log = openLog(logFile(site))
  const script = join(import.meta.dirname, 'support', 'real-worker.ts')
  const worker = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(site), bundle], {
    stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '', SHOP_PASSWORD: 'canary-88c1' },
  })
  log.close()
  workers.push(worker)
  return worker
}

const logged = async (site: Site, text: string) =>
  until(`the log says "${text}"`, async () => (await readFile(logFile(site), 'utf8')).includes(text), 30_000)

async function pollers(taskQueue: string) {
  const answer = await client.workflowService.describeTaskQueue({
    namespace: 'holdfast',
    taskQueue: { name: taskQueue },
    taskQueueType: 2,
  })
  return (answer.pollers ?? []).map(({ identity }) => ({ identity: identity ?? '', lastSeenAt: new Date() }))
}

test('serves its queues, answers questions, and stops in order when it is told', async () => {
  const site = await newSite('first')
  const worker = start(site)

  const [message] = (await once(worker, 'message')) as [unknown]
  await until('all queues are asked', async () => {
    const { control, wait, capture, data, swap, questions } = taskQueues
    const queues = [control, wait, capture, data, swap, questions].map((queue) => queue('first'))
    return (await Promise.all(queues.map(pollers))).every((found) => found.length > 0)
  })
  const failure: unknown = await client.workflow
    .execute('question', {
      workflowId: 'question/x',
      taskQueue: taskQueues.orchestrator,
      args: [{ host: 'first', ask: { question: 'showBackup', arguments: [{ backupId: 'none' }] } }],
    })
    .catch((error: unknown) => error)
  worker.kill('SIGTERM')
  const [code] = (await once(worker, 'exit')) as [number | null]

  expect(message).toBe('holdfast.ready')
  expect(errorOf(failure)?.code).toBe('backup.not-found')
  expect(code).toBe(0)
  const log = await readFile(logFile(site), 'utf8')
  const messages = log
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: string }).message)
  expect(messages).toEqual(expect.arrayContaining(['worker starts', 'worker has stopped']))
  expect(log).not.toContain('canary-88c1')
})

test('waits for a server that is not there yet, begins when it comes, and ends with its agent', async () => {
  const port = await unusedPort()
  const site = await newSite('second', `127.0.0.1:${port}`)
  const worker = start(site)
  await logged(site, 'does not answer')
  expect(worker.exitCode).toBeNull()

  const relay = await forward(port, Number(temporal.address.split(':')[1]))
  const [message] = (await once(worker, 'message')) as [unknown]
  worker.disconnect()
  const [code] = (await once(worker, 'exit')) as [number | null]

  expect(message).toBe('holdfast.ready')
  expect(code).toBe(0)
  relay.close()
})

test('another machine is refused the host, another worker of the same machine is not', async () => {
  const site = await newSite('third')
  await once(start(site), 'message')
  await until('it is seen', async () => machinesSeen(await pollers(taskQueues.wait('third')), new Date())[0])

  const elsewhere = await newSite('third')
  const [same, other] = [start(site), start(elsewhere)]
  await Promise.all([once(same, 'message'), logged(elsewhere, 'serves the host \\"third\\"')])

  expect(other.exitCode).toBeNull()
  expect(machinesSeen(await pollers(taskQueues.wait('third')), new Date())).toHaveLength(1)
})

const unusedPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })

async function forward(from: number, to: number): Promise<Server> {
  const server = createServer((socket) => {
    const upstream = connect(to, '127.0.0.1')
    socket.pipe(upstream).pipe(socket)
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(from, '127.0.0.1', resolve))
  return server
}
