import { join } from 'node:path'
import { notRestartedAlarm } from '../../core/hold-alarms.js'
import { handTools } from '../../worker/hand-tools.js'
import { holdsOf } from '../../worker/tools.js'
import { fakeSite } from '../fakes/site.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const service = 'command:web'

test('a service that the agent starts before it leaves is no alarm any more', async () => {
  const file = join(folder(), 'runs')
  const web = {
    type: 'command' as const,
    ...{ start: ['touch', file], stop: ['rm', '-f', file], isRunning: ['test', '-e', file] },
  }
  const site = fakeSite({ stateDir: folder(), services: { web } })
  const environment = { PATH: process.env['PATH'] }
  const clock = () => new Date()
  const { alarms, journal } = await handTools(site, { environment, clock, onTrouble: () => undefined })
  await alarms.raise(notRestartedAlarm(service, 'could not be started: the port is taken'))
  await journal.open({
    ...{ service, stateBefore: 'running', mode: 'stop', lease: 'read', stopTimeoutMs: 1000 },
    stopRequestedAt: new Date().toISOString(),
    guard: { workflowId: `guard/nas/${service}`, runId: 'r' },
  })
  const { start } = await holdsOf(site, environment)

  await start(service, new AbortController().signal)

  expect(await alarms.open()).toEqual([])
})
