import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startEntry, type HowToPayBack } from '../../../activities/holds/start-entry.js'
import { stopWithEntry } from '../../../activities/holds/stop-with-entry.js'
import type { HoldTools } from '../../../activities/holds/tools.js'
import type { ServiceDriver } from '../../../activities/services/driver.js'
import { commandDriver } from '../../../activities/services/command.js'
import { createHostShell, minimal } from '../../../activities/services/shell.js'
import type { CommandService } from '../../../schemas/services.js'
import { fakeJournal } from '../../fakes/journal.js'
import { fakeLog } from '../../fakes/log.js'
import { systemdUnits } from '../../support/systemd-units.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const { signal } = new AbortController()
const units = systemdUnits()
const folder = temporaryFolder()

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
  const start = (driver: ServiceDriver, more: Partial<HowToPayBack> = {}) =>
    startEntry(tools(driver), journal.entries.get(service)!, { healthyWithinMs: 0, ...more }, signal)
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

test('no second start command runs beside one that is still at work; its end brings the service up', async () => {
  const at = (name: string) => join(folder(), name)
  const sh = (script: string) => ['sh', '-c', script]
  const web: CommandService = {
    type: 'command',
    start: sh(`echo start >>${at('starts')}; sleep 8; touch ${at('up')}`),
    stop: sh(`rm ${at('up')}`),
    isRunning: sh(`[ -e ${at('up')} ]`),
  }
  await writeFile(at('up'), '')
  const driver = (startMs: number) =>
    commandDriver({
      services: { web },
      shell: createHostShell(process.env),
      environment: minimal(process.env),
      startMs,
    })
  const { journal, start } = await held('command:web', driver(60_000))

  await expect(start(driver(500))).rejects.toThrow('did not return')
  await expect(start(driver(500), { startProcessMs: 500 })).rejects.toMatchObject({
    code: 'service.start-failed',
    message: expect.stringContaining('its start command is still at work (process ') as string,
  })
  const owed = journal.entries.size
  await start(driver(60_000))

  expect(owed).toBe(1)
  expect(await readFile(at('starts'), 'utf8')).toBe('start\n')
  expect(journal.entries.size).toBe(0)
})
