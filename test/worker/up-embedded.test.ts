import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Site } from '../../core/site.js'
import { readAgentState, readLiveAgent } from '../../temporal/agent-state.js'
import { connectClient } from '../../temporal/connection.js'
import { isAlive } from '../../temporal/processes.js'
import { readServer } from '../../temporal/server-record.js'
import { stopAgent } from '../../worker/agent.js'
import { until } from '../support/until.js'
import { siteAt } from './support/site.js'

let folder: string
let site: Site
const agents: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-up-embedded-'))
  site = siteAt(join(folder, 'state'))
})
afterEach(async () => {
  await stopAgent(site).catch(() => undefined)
  for (const agent of agents.splice(0)) agent.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function start(): ChildProcess {
  const script = join(import.meta.dirname, 'support', 'fake-agent.ts')
  const args = ['--import', 'tsx', script, JSON.stringify(site), join(folder, 'trace')]
  const agent = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } })
  agents.push(agent)
  return agent
}

const whenReady = () =>
  until('the agent is ready', async () => {
    const found = await readLiveAgent(site.stateDir)
    return found?.phase === 'ready' ? found : undefined
  })
const answers = async () => {
  const { close } = await connectClient(site, { resolveSecret: async () => '' })
  await close()
  return true
}
const server = async () => (await readServer(site.stateDir))!

test('brings its own Temporal, starts it again when it is killed, and stops it last', async () => {
  const agent = start()
  const { temporal } = await whenReady()
  expect(temporal).toMatchObject({ kind: 'embedded', namespace: 'holdfast' })
  expect(await answers()).toBe(true)

  const first = await server()
  process.kill(first.pid, 'SIGKILL')
  const second = await until('another server', async () => {
    const found = await readServer(site.stateDir)
    return found !== undefined && found.pid !== first.pid && isAlive(found) ? found : undefined
  })
  await until('it answers', () => answers().catch(() => false))

  expect(second.ports).toEqual(first.ports)
  agent.kill('SIGTERM')
  const [code] = (await once(agent, 'exit')) as [number]
  expect(code).toBe(0)
  expect(isAlive(second)).toBe(false)
  expect(await readAgentState(site.stateDir)).toBeUndefined()
})

test('the server outlives an agent that is killed, and the next agent goes on with it', async () => {
  const first = start()
  await whenReady()
  const orphan = await server()
  first.kill('SIGKILL')
  await once(first, 'exit')
  expect(isAlive(orphan)).toBe(true)

  start()
  await whenReady()

  expect((await server()).pid).toBe(orphan.pid)
  expect(await answers()).toBe(true)
  await stopAgent(site)
  expect(isAlive(orphan)).toBe(false)
})
