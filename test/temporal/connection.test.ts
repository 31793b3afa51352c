import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import { writeAgentState, type AgentState } from '../../temporal/agent-state.js'
import { connectClient, connectWorker, temporalTarget } from '../../temporal/connection.js'
import { processIdentity } from '../../temporal/processes.js'
import { failureToConnect, isLoopback } from '../../temporal/unreachable.js'
import { siteAt } from '../worker/support/site.js'

let stateDir: string
const silent: Server[] = []

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'holdfast-connection-'))
})
afterEach(async () => {
  for (const server of silent.splice(0)) server.close()
  await rm(stateDir, { recursive: true, force: true })
})

const resolveSecret = async (reference: object) => `secret of ${JSON.stringify(reference)}`
const external = (temporal: NonNullable<Site['temporal']>) => siteAt(stateDir, { temporal })
const agent = (changes: Partial<AgentState>): AgentState => ({
  agentVersion: 1,
  ...processIdentity(process.pid)!,
  phase: 'ready',
  startedAt: '2026-11-20T00:00:00.000Z',
  children: [],
  ...changes,
})

test('without an agent, and without a server in the configuration, says how to start one', async () => {
  await expect(connectClient(siteAt(stateDir), { resolveSecret })).rejects.toMatchObject({
    code: 'temporal.unreachable',
    hint: expect.stringContaining('holdfast up') as string,
  })
})

test('an agent that was killed counts as none, also when its pid was given to another', async () => {
  await writeAgentState(stateDir, agent({ startTime: 'another boot/1' }))

  await expect(connectClient(siteAt(stateDir), { resolveSecret })).rejects.toThrow('the agent is not up')
})

test('an agent that is just starting is said to be so', async () => {
  await writeAgentState(stateDir, agent({ phase: 'starting' }))

  await expect(connectClient(siteAt(stateDir), { resolveSecret })).rejects.toThrow(
    `the agent (pid ${process.pid}) is starting`,
  )
})

test('the address of the embedded server is what the agent wrote down', async () => {
  const temporal = { kind: 'embedded', address: '127.0.0.1:7777', namespace: 'holdfast' } as const
  await writeAgentState(stateDir, agent({ temporal }))

  expect(await temporalTarget(siteAt(stateDir), { resolveSecret })).toEqual(temporal)
})

test.each([
  ['refuses connections', '127.0.0.1:9'],
  ['accepts and never answers', undefined],
])('a server that %s is unreachable within seconds, and named', async (_, known) => {
  const address = known ?? (await silentServer())
  const started = performance.now()

  const failed = connectClient(external({ address }), { resolveSecret, timeoutMs: 1500 })

  await expect(failed).rejects.toMatchObject({
    code: 'temporal.unreachable',
    message: `Temporal at ${address} does not answer.`,
    hint: expect.stringContaining('temporal.address') as string,
  })
  expect(performance.now() - started).toBeLessThan(4000)
})

test('who cannot wait is told at once of a server that refuses connections', async () => {
  const started = performance.now()

  const failed = connectClient(external({ address: '127.0.0.1:9' }), {
    resolveSecret,
    timeoutMs: 20_000,
    retries: false,
  })

  await expect(failed).rejects.toMatchObject({ code: 'temporal.unreachable' })
  expect(performance.now() - started).toBeLessThan(10_000)
})

test('a worker is told the same, as fast', async () => {
  const address = await silentServer()

  await expect(
    connectWorker(external({ address }), { resolveSecret, timeoutMs: 1000 }),
  ).rejects.toMatchObject({
    code: 'temporal.unreachable',
  })
})

test('an API key turns TLS on, and is never sent in the clear by accident', async () => {
  const target = await temporalTarget(
    external({ address: 'cloud:7233', namespace: 'backups', apiKey: { env: 'KEY' } }),
    { resolveSecret },
  )

  expect(target).toEqual({
    kind: 'external',
    address: 'cloud:7233',
    namespace: 'backups',
    apiKey: 'secret of {"env":"KEY"}',
    tls: true,
  })
})

test('certificates are read as secrets; a certificate without its key is refused', async () => {
  const { tls } = await temporalTarget(
    external({
      address: 'temporal.lan:7233',
      tls: {
        serverName: 'temporal.lan',
        serverRootCA: { file: '/ca' },
        certificate: { file: '/c' },
        key: { file: '/k' },
      },
    }),
    { resolveSecret },
  )

  expect(tls).toEqual({
    serverNameOverride: 'temporal.lan',
    serverRootCACertificate: Buffer.from('secret of {"file":"/ca"}'),
    clientCertPair: {
      crt: Buffer.from('secret of {"file":"/c"}'),
      key: Buffer.from('secret of {"file":"/k"}'),
    },
  })
  await expect(
    temporalTarget(external({ address: 'a:1', tls: { certificate: { file: '/c' } } }), { resolveSecret }),
  ).rejects.toMatchObject({ code: 'config.invalid' })
})

test.each([
  [5, 'temporal.namespace-missing', 'temporal operator namespace create'],
  [7, 'temporal.denied', 'temporal.apiKey'],
  [16, 'temporal.denied', 'temporal.apiKey'],
  [14, 'temporal.unreachable', 'temporal.address'],
  [4, 'temporal.unreachable', 'temporal.address'],
])('gRPC code %i is %s', (code, expected, hint) => {
  const cause = Object.assign(new Error('failed'), { code })

  const failure = failureToConnect(
    { kind: 'external', address: 'a:1', namespace: 'n' },
    new Error('outer', { cause }),
  )

  expect(failure).toBeInstanceOf(HoldfastError)
  expect(failure.code).toBe(expected)
  expect(failure.hint).toContain(hint)
})

test.each([
  ['127.0.0.1:7233', true],
  ['localhost:7233', true],
  ['[::1]:7233', true],
  ['127.example.org:7233', false],
  ['temporal.lan:7233', false],
])('%s is this machine: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected)
})

async function silentServer(): Promise<string> {
  const server = createServer((socket) => socket.resume().on('error', () => undefined))
  silent.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
