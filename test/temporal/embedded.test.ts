import { mkdtemp, readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError } from '../../core/errors.js'
import { searchAttributes } from '../../core/messages.js'
import { ensureTemporalCli, type TemporalCli } from '../../temporal/cli-binary.js'
import { connectClientTo } from '../../temporal/connection.js'
import { endOrphanedServer, startEmbedded, type EmbeddedServer } from '../../temporal/embedded.js'
import type { EmbeddedOptions } from '../../temporal/server-start.js'
import { isAlive, processIdentity } from '../../temporal/processes.js'
import { freePort } from '../support/free-port.js'
import { listeningAddresses } from './support/listening.js'

let cli: TemporalCli
let stateDir: string
const servers: EmbeddedServer[] = []

beforeAll(async () => {
  cli = await ensureTemporalCli({ environment: process.env })
})
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'holdfast-embedded-'))
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  await rm(stateDir, { recursive: true, force: true })
})

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const signal = AbortSignal.timeout(60_000)
  const server = await startEmbedded({ stateDir, cli, environment: process.env, signal, ...options })
  servers.push(server)
  return server
}

/** A PATH on which there is no flock(1), as on macOS. */
const withoutFlock = { ...process.env, PATH: '/nowhere' }

test('starts on loopback only, with its namespace, search attributes and 30 days of history', async () => {
  const server = await start()

  const { client, close } = await connectClientTo(server, {})
  const namespace = await client.workflowService.describeNamespace({ namespace: 'holdfast' })
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
    namespace: 'holdfast',
  })
  await close()
  expect(Number(namespace.config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400)
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.values(searchAttributes)))
  const addresses = await listeningAddresses(server.process.pid)
  expect(addresses.length).toBeGreaterThan(2)
  expect(addresses.filter((address) => !address.startsWith('127.0.0.1:'))).toEqual([])
})

test('keeps its folder to us, and our environment to ourselves', async () => {
  const server = await start({ environment: { ...process.env, SHOP_DB_PASSWORD: 'canary-5d1f' } })

  expect((await stat(join(stateDir, 'temporal'))).mode & 0o777).toBe(0o700)
  expect((await stat(join(stateDir, 'temporal', `${cli.version}.db`))).mode & 0o777).toBe(0o600)
  expect(await readFile(`/proc/${server.process.pid}/environ`, 'latin1')).not.toContain('canary-5d1f')
})

test('stops, and comes back on the same ports with what it knew', async () => {
  const first = await start()
  const before = await connectClientTo(first, {})
  await before.client.workflow.start('nothing', { workflowId: 'kept', taskQueue: 'none' })
  await before.close()

  await first.stop()
  await first.ended
  const second = await start()

  expect(isAlive(first.process)).toBe(false)
  expect(second.wasAdopted).toBe(false)
  expect([second.address, second.uiAddress]).toEqual([first.address, first.uiAddress])
  const after = await connectClientTo(second, {})
  const kept = await after.client.workflow.getHandle('kept').describe()
  await after.close()
  expect(kept.status.name).toBe('RUNNING')
})

test('adopts a server that still answers', async () => {
  const first = await start()

  const second = await start()

  expect(second.wasAdopted).toBe(true)
  expect(second.process).toEqual(first.process)
  expect(second.address).toBe(first.address)
  await second.stop()
  await second.ended
  expect(isAlive(first.process)).toBe(false)
})

test('never takes another server that came first on its port for its own', async () => {
  const ports = { frontend: await freePort(), ui: await freePort(), http: 0, metrics: 0 }
  const folders = [join(stateDir, 'first'), join(stateDir, 'late')] as const
  for (const folder of folders) {
    await mkdir(join(folder, 'temporal'), { recursive: true })
    await writeFile(join(folder, 'temporal', 'ports.json'), JSON.stringify(ports))
  }
  const slow = join(stateDir, 'slow')
  await writeFile(slow, `#!/bin/sh\nsleep 3\nexec ${cli.path} "$@"\n`, { mode: 0o755 })

  const [late, first] = await Promise.all([
    start({ stateDir: folders[1], cli: { ...cli, path: slow } }),
    start({ stateDir: folders[0] }),
  ])

  expect(first.address).toBe(`127.0.0.1:${ports.frontend}`)
  expect(await listeningAddresses(late.process.pid)).toContain(late.address)
})

test('ends an orphan that does not answer, and starts anew', async () => {
  const first = await start()
  process.kill(first.process.pid, 'SIGSTOP')

  const second = await start()

  expect(second.wasAdopted).toBe(false)
  expect(isAlive(first.process)).toBe(false)
})

test('never ends a stranger that was given the pid of our server', async () => {
  await mkdir(join(stateDir, 'temporal'), { recursive: true })
  const ports = { frontend: 1, ui: 2, http: 3, metrics: 4 }
  const stranger = { pid: process.pid, startTime: 'another boot/1', cliVersion: cli.version, ports }
  await writeFile(join(stateDir, 'temporal', 'server.json'), JSON.stringify(stranger))

  expect(await endOrphanedServer(stateDir)).toBe(false)

  expect(processIdentity(process.pid)).toBeDefined()
})

test.each([
  ['by flock', () => process.env],
  ['by a pid file where there is no flock', () => withoutFlock],
])('refuses a second server on the same database: %s', async (_, environment) => {
  await start({ environment: environment() })
  // As if the record had been lost with the agent: nothing is known of the first server but its lock.
  await rm(join(stateDir, 'temporal', 'server.json'))

  const refused = start({ environment: environment() })

  await expect(refused).rejects.toThrow(HoldfastError)
  await expect(refused).rejects.toMatchObject({
    code: 'temporal.failed',
    message: expect.stringContaining('Another Temporal server uses the database') as string,
  })
})

test('takes other ports when its own are taken meanwhile', async () => {
  const first = await start()
  await first.stop()
  const port = Number(first.address.split(':')[1])
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))

  const second = await start()

  expect(second.address).not.toBe(first.address)
  await new Promise((resolve) => other.close(resolve))
})

test('says what the server said last when it does not start', async () => {
  await mkdir(join(stateDir, 'temporal', `${cli.version}.db`), { recursive: true })

  const failed = start()

  await expect(failed).rejects.toMatchObject({
    code: 'temporal.failed',
    message: expect.stringMatching(/did not start: .*(open|sqlite|database|file)/is) as string,
    hint: expect.stringContaining('temporal.log') as string,
  })
})
