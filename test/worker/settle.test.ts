import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { restoreRecords } from '../../activities/restore-records.js'
import { handTools } from '../../worker/hand-tools.js'
import { settleByHand } from '../../worker/settle.js'
import { fakeSite } from '../fakes/site.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const restoreId = '20260301-013000-shop-7f3a2c'
const { signal } = new AbortController()

/** Two services that one restore keeps down; they run where their file is. Temporal is away. */
async function world(name: string) {
  const stateDir = join(folder(), name)
  await mkdir(stateDir)
  const file = (service: string) => join(stateDir, `${service}-runs`)
  const definition = (service: string) => ({
    type: 'command' as const,
    start: ['touch', file(service)],
    stop: ['rm', '-f', file(service)],
    isRunning: ['test', '-e', file(service)],
  })
  const site = fakeSite({
    stateDir,
    services: { web: definition('web'), db: definition('db') },
    temporal: { address: '127.0.0.1:1' },
  })
  const tools = await handTools(site, {
    environment: { PATH: process.env['PATH'] },
    clock: () => new Date(),
    onTrouble: () => undefined,
  })
  for (const service of ['command:web', 'command:db'])
    await tools.journal.open({
      ...{ service, stateBefore: 'running', mode: 'stop', lease: 'write', restoreId },
      ...{ stopRequestedAt: new Date().toISOString(), stopTimeoutMs: 1000 },
      guard: { workflowId: `guard/nas/${service}`, runId: 'r' },
    })
  return { tools, records: restoreRecords(stateDir, 0) }
}

test('what a restore keeps down is started by its name when nobody is at work on that restore', async () => {
  const { tools } = await world('idle')

  const { services } = await settleByHand(tools, { asked: ['command:web', 'command:db'] })

  expect(services.map(({ service, outcome }) => [service, outcome]).sort()).toEqual([
    ['command:db', 'started'],
    ['command:web', 'started'],
  ])
})

test('what a restore keeps down is not started, also by its name, while a process is at work on that restore', async () => {
  const { tools, records } = await world('at-work')

  const { services } = await records.withLock(restoreId, signal, () =>
    settleByHand(tools, { asked: ['command:web'] }),
  )

  expect(services.find(({ service }) => service === 'command:web')).toEqual({
    service: 'command:web',
    outcome: 'left',
    because: 'a process of this host is still at work on its restore: wait until it has ended, or end it',
  })
  expect((await tools.journal.list()).entries).toHaveLength(2)
})
