import { until } from '../../support/until.js'
import { execa } from 'execa'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHostShell } from '../../../activities/services/shell.js'
import { systemdDriver } from '../../../activities/services/systemd.js'
import { describeServiceDriver } from '../../contracts/service.js'
import { systemdUnits } from '../../support/systemd-units.js'

const signal = new AbortController().signal
const stop = { mode: 'stop', timeoutMs: 10_000 } as const
const { driver, folder, make, read, write } = systemdUnits()

describeServiceDriver('systemd (a stand-in for systemctl: no systemd is asked)', {
  driver,
  make,
  starts: async (name) => (await read(name)).starts ?? 0,
  canPause: false,
})

test('observes since when a unit is active, to the microsecond, and which start that was', async () => {
  const name = await make()

  expect(await driver().observe(name, signal)).toEqual({
    service: `systemd:${name}`,
    state: 'running',
    startedAt: '2026-11-21T07:36:44.123456Z',
    identity: 'b06b3bd5a1b84c2f8a2c0e3d7d1f5a60',
  })
})

test.each([
  ['inactive', { state: 'stopped' }],
  ['failed', { state: 'stopped' }],
  ['active', { state: 'running' }],
  ['reloading', { state: 'running' }],
  ['activating', { state: 'running', health: 'starting' }],
  ['deactivating', { state: 'running' }],
])('a unit that is %s counts as %o', async (ActiveState, expected) => {
  const name = await make({ ActiveState, ActiveEnterTimestamp: '', InvocationID: '' })

  const { service: _, ...observed } = await driver().observe(name, signal)

  expect(observed).toEqual(expected)
})

test('an alias resolves to the unit that it stands for', async () => {
  const name = await make()
  await writeFile(join(folder(), 'alias.service.json'), JSON.stringify({ alias: name }))

  expect(await driver().resolve('alias.service', signal)).toBe(name)
})

test('our own unit can be neither resolved nor stopped', async () => {
  const name = await make()
  const ours = driver({ ownUnits: [name] })

  for (const ask of [
    () => ours.resolve(name, signal),
    () => ours.observe(name, signal),
    () => ours.stop(name, stop, signal),
  ])
    await expect(ask()).rejects.toMatchObject({
      code: 'service.invalid',
      message: expect.stringContaining('Holdfast itself') as string,
    })
})

test('the unit that runs our Temporal server can be neither resolved nor stopped, but started', async () => {
  const name = await make()
  const temporal = driver({ temporalUnits: async () => [name] })

  for (const ask of [() => temporal.resolve(name, signal), () => temporal.stop(name, stop, signal)])
    await expect(ask()).rejects.toMatchObject({
      code: 'service.invalid',
      message: expect.stringContaining('the Temporal server of Holdfast') as string,
    })
  await write({ Id: name, ActiveState: 'inactive' })
  await temporal.start(name, { mode: 'stop' }, signal)
  expect((await temporal.observe(name, signal)).state).toBe('running')
})

test.each([
  ['masked', 'is masked: once stopped, it could not be started again'],
  ['bad-setting', 'systemd cannot use unit'],
])('a unit that is %s is refused before anything stops', async (LoadState, message) => {
  const name = await make({ LoadState })

  await expect(driver().resolve(name, signal)).rejects.toMatchObject({
    code: 'service.invalid',
    message: expect.stringContaining(message) as string,
  })
})

test('a unit whose file is gone is there for as long as it runs', async () => {
  const running = await make({ LoadState: 'not-found' })
  const ended = await make({ LoadState: 'not-found', ActiveState: 'failed' })

  expect((await driver().observe(running, signal)).state).toBe('running')
  await expect(driver().observe(ended, signal)).rejects.toMatchObject({ code: 'service.not-found' })
})

test('a stop that takes longer than it may is a failure, and goes on', async () => {
  const name = await make({ stopSeconds: 2 })

  const stopping = driver().stop(name, { mode: 'stop', timeoutMs: 500 }, signal)

  await expect(stopping).rejects.toMatchObject({
    code: 'service.stop-failed',
    message: `Unit "${name}" did not stop within 0.5 s.`,
    hint: expect.stringContaining('TimeoutStopSec') as string,
  })
  await driver().stop(name, stop, signal)
  expect((await driver().observe(name, signal)).state).toBe('stopped')
})

test('a start during a stop that still goes on waits for its end', async () => {
  const name = await make({ stopSeconds: 2 })
  const leaving = new AbortController()
  const stopping = driver()
    .stop(name, stop, leaving.signal)
    .catch(() => undefined)
  await until('the stop has begun', async () => (await read(name)).ActiveState === 'deactivating')
  leaving.abort()
  await stopping

  await driver().start(name, { mode: 'stop' }, signal)

  expect((await driver().observe(name, signal)).state).toBe('running')
  expect((await read(name)).starts).toBe(2)
})

test('a unit that does not start says where to look', async () => {
  const name = await make({ ActiveState: 'inactive', startsBadly: true })

  await expect(driver().start(name, { mode: 'stop' }, signal)).rejects.toMatchObject({
    code: 'service.start-failed',
    message: `systemd was asked to start ${name}: Job for ${name} failed because the control process exited with error code.`,
    hint: expect.stringContaining(`journalctl --unit ${name}`) as string,
  })
})

test('knows what starts before a unit, and what systemd stops with it: all that is active, also through others', async () => {
  const far = await make()
  const idle = await make({ ActiveState: 'inactive', RequiredBy: 'no-such.service' })
  const near = await make({ BoundBy: far })
  const name = await make({
    After: 'basic.target database.service system.slice',
    RequiredBy: `${near} multi-user.target`,
    ConsistsOf: idle,
  })

  const { startsAfter, stopsAlso } = await driver().relations!(name, signal)

  expect(startsAfter).toEqual(['systemd:database.service'])
  expect(stopsAlso).toEqual([`systemd:${near}`, `systemd:${far}`])
})

test.each([
  ['System has not been booted with systemd as init system (PID 1).', 'runtime.unreachable'],
  ['Failed to connect to bus: No such file or directory', 'runtime.unreachable'],
  ["systemctl: unrecognized option '--timestamp=us+utc'", 'runtime.unreachable'],
  ['Failed to connect to bus: Operation not permitted', 'runtime.denied'],
  ['Failed to stop web.service: Interactive authentication required.', 'runtime.denied'],
  ['Unit name web@.service is neither a valid invocation ID nor unit name.', 'service.invalid'],
])('where systemctl says "%s" the failure is %s', async (words, code) => {
  await writeFile(join(folder(), 'says'), words)

  const asked = driver().observe('web.service', signal)

  await expect(asked).rejects.toMatchObject({ code, hint: expect.any(String) as string })
  await rm(join(folder(), 'says'))
})

test('a host without systemctl is named', async () => {
  const lost = systemdDriver({ shell: createHostShell({ PATH: '/no/such/folder' }), ownUnits: [] })

  await expect(lost.observe('web.service', signal)).rejects.toMatchObject({
    code: 'runtime.unreachable',
    hint: expect.stringContaining('command') as string,
  })
})

test('the systemctl of this machine takes our arguments', async () => {
  const real = systemdDriver({ shell: createHostShell(process.env), ownUnits: [] })
  const isInstalled = (await execa('systemctl', ['--version'], { reject: false })).exitCode === 0

  // It runs systemd, or says that there is none, or is not there: an argument that it does not know would be another message.
  const found = await real.observe('no-such-unit.service', signal).catch((error: unknown) => error)

  expect(found).toMatchObject(
    isInstalled
      ? { message: expect.not.stringContaining('too old') as string }
      : { code: 'runtime.unreachable' },
  )
})
