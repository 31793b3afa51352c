import { access, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startEntry } from '../../../activities/holds/start-entry.js'
import { stopWithEntry } from '../../../activities/holds/stop-with-entry.js'
import type { HoldTools } from '../../../activities/holds/tools.js'
import { commandDriver } from '../../../activities/services/command.js'
import type { ServiceDriver } from '../../../activities/services/driver.js'
import { createHostShell, minimal } from '../../../activities/services/shell.js'
import type { CommandService } from '../../../schemas/services.js'
import { fakeJournal } from '../../fakes/journal.js'
import { fakeLog } from '../../fakes/log.js'
import { systemdUnits } from '../../support/systemd-units.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const { signal } = new AbortController()
const units = systemdUnits()
const folder = temporaryFolder()

function world(service: string, driver: ServiceDriver) {
  const journal = fakeJournal()
  const name = service.slice(service.indexOf(':') + 1)
  const tools: HoldTools = {
    services: { resolve: async () => service, find: async () => [], driver: () => ({ driver, name }) },
    journal,
    clock: () => new Date(),
    log: fakeLog(),
  }
  const request = async () => ({
    service,
    observed: await driver.observe(name, signal),
    mode: 'stop' as const,
    stopTimeoutMs: 1000,
    healthyWithinMs: 0,
    stopRequestedAt: new Date().toISOString(),
    lease: 'read' as const,
    guard: { workflowId: `guard/nas/${service}`, runId: 'run-1' },
  })
  return {
    journal,
    stop: async () => stopWithEntry(tools, await request(), signal),
    /** An entry of an earlier attempt, whose stop is not known to have been heard. */
    owe: async () => journal.open({ ...(await request()), stateBefore: 'running' }),
    start: (refusedStopMs = 500) =>
      startEntry(tools, journal.entries.get(service)!, { healthyWithinMs: 0, refusedStopMs }, signal),
  }
}

describe('a unit that the worker may not stop', () => {
  const denied = 'Failed to stop web.service: Interactive authentication required.'
  beforeEach(() => writeFile(join(units.folder(), 'refuses'), denied))
  afterEach(() => rm(join(units.folder(), 'refuses')))

  test('leaves no debt', async () => {
    const { journal, stop } = world(`systemd:${await units.make()}`, units.driver())

    await expect(stop()).rejects.toMatchObject({ code: 'runtime.denied' })

    expect(journal.entries.size).toBe(0)
  })

  test('pays an older debt by running on for as long as a stop may take', async () => {
    const name = await units.make()
    const { journal, owe, start } = world(`systemd:${name}`, units.driver())
    await owe()

    const result = await start()

    expect(result).toMatchObject({ downtimeMs: 0, health: 'ok' })
    expect(await units.read(name)).toMatchObject({ ActiveState: 'active', starts: 1 })
    expect(journal.entries.size).toBe(0)
  })
})

describe('a command service whose stop exits with 1', () => {
  const at = (name: string) => join(folder(), name)
  const sh = (script: string) => ['sh', '-c', script]
  const isThere = (name: string) =>
    access(at(name)).then(
      () => true,
      () => false,
    )
  const serviceOf = (stop: string) => {
    const web: CommandService = {
      type: 'command',
      start: sh(`touch ${at('up')} ${at('started')}`),
      stop: sh(stop),
      isRunning: sh(`[ -e ${at('up')} ]`),
    }
    const shell = createHostShell(process.env)
    return world(
      'command:web',
      commandDriver({ services: { web }, shell, environment: minimal(process.env) }),
    )
  }
  beforeEach(() => writeFile(at('up'), ''))

  test('is owed its start until it is seen to run on', async () => {
    const { journal, stop, start } = serviceOf('exit 1')

    await expect(stop()).rejects.toThrow('exited with code 1')
    const owed = journal.entries.size
    await start()

    expect(owed).toBe(1)
    expect(journal.entries.size).toBe(0)
  })

  test('comes back although it ends only after that stop has given up', async () => {
    // In a session of its own, since the group of the stop is ended with it; and once, as a service ends.
    const ending = `setsid sh -c "touch ${at('ending')}; sleep 1; rm ${at('up')}" &`
    const { journal, stop, start } = serviceOf(
      `[ -e ${at('ending')} ] || { ${ending} }; until [ -e ${at('ending')} ]; do sleep 0.05; done; exit 1`,
    )

    await expect(stop()).rejects.toThrow('exited with code 1')
    await start(30_000)

    expect(await isThere('started')).toBe(true)
    expect(journal.entries.size).toBe(0)
  })
})
