import { startEntry } from '../../../activities/holds/start-entry.js'
import { stopWithEntry } from '../../../activities/holds/stop-with-entry.js'
import type { HoldTools } from '../../../activities/holds/tools.js'
import type { ServiceDriver } from '../../../activities/services/driver.js'
import { fakeJournal } from '../../fakes/journal.js'
import { fakeLog } from '../../fakes/log.js'
import { systemdUnits } from '../../support/systemd-units.js'

const { signal } = new AbortController()
const units = systemdUnits()

/** A service that we have stopped; each start of it is by the driver that it is given. */
async function held(service: string, stopper: ServiceDriver) {
  const journal = fakeJournal()
  const name = service.slice(service.indexOf(':') + 1)
  const tools = (driver: ServiceDriver): HoldTools => ({
    services: { resolve: async () => service, find: async () => [], driver: () => ({ driver, name }) },
    journal,
    clock: () => new Date(),
    log: fakeLog(),
  })
  await stopWithEntry(
    tools(stopper),
    {
      service,
      observed: await stopper.observe(name, signal),
      mode: 'stop',
      stopTimeoutMs: 5000,
      healthyWithinMs: 0,
      stopRequestedAt: new Date().toISOString(),
      lease: 'read',
      guard: { workflowId: `guard/nas/${service}`, runId: 'run-1' },
    },
    signal,
  )
  const start = (driver: ServiceDriver) =>
    startEntry(tools(driver), journal.entries.get(service)!, { healthyWithinMs: 0 }, signal)
  return { journal, start }
}

test('a unit that starts for longer than a start is waited for comes up by the next one, and is not stopped again', async () => {
  const name = await units.make({ startSeconds: 3 })
  const { journal, start } = await held(`systemd:${name}`, units.driver())

  await expect(start(units.driver({ startMs: 1000 }))).rejects.toMatchObject({ code: 'service.start-failed' })
  const owed = journal.entries.size
  await start(units.driver())

  expect(owed).toBe(1)
  expect(await units.read(name)).toMatchObject({ ActiveState: 'active', starts: 2 })
  expect(journal.entries.size).toBe(0)
})
