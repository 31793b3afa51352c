import { join } from 'node:path'
import { commandDriver } from '../../../activities/services/command.js'
import { createHostShell, minimal } from '../../../activities/services/shell.js'
import type { CommandService } from '../../../schemas/services.js'
import { describeServiceDriver } from '../../contracts/service.js'
import { startPlainService, type PlainService } from '../../support/plain-service.js'
import { processesWith } from '../../support/processes.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const signal = new AbortController().signal
const stop = { mode: 'stop', timeoutMs: 10_000 } as const
const folder = temporaryFolder()
const definitions: Record<string, CommandService> = {}
const made: Record<string, PlainService> = {}

const driver = commandDriver({
  services: definitions,
  shell: createHostShell(process.env),
  environment: minimal(process.env),
})

async function make(nature = {}): Promise<string> {
  const name = `service-${Object.keys(made).length}`
  const service = await startPlainService(join(folder(), name), nature)
  made[name] = service
  definitions[name] = service.definition
  return name
}

afterAll(() => Promise.all(Object.values(made).map((service) => service.kill())))

describeServiceDriver('command', {
  driver: () => driver,
  make,
  starts: async (name) => (await made[name]?.lines())?.filter((line) => line === 'started').length ?? 0,
  canPause: false,
})

const defined = (definition: Partial<CommandService>): string => {
  const name = `defined-${Object.keys(definitions).length}`
  definitions[name] = { type: 'command', stop: ['true'], start: ['true'], isRunning: ['true'], ...definition }
  return name
}

test('what a start command has started holds no pipe of ours, and is no child that dies with us', async () => {
  const name = await make()
  await driver.stop(name, stop, signal)

  await driver.start(name, { mode: 'stop' }, signal)

  expect(await made[name]?.isRunning()).toBe(true)
})

test('a stop command that fails is named, without its arguments: they may hold secrets', async () => {
  const name = defined({ stop: ['sh', '-c', 'exit 7 # canary'] })

  const failed = driver.stop(name, stop, signal)

  await expect(failed).rejects.toMatchObject({
    code: 'service.stop-failed',
    message: `"stop" of service "command:${name}" exited with code 7.`,
    hint: expect.stringContaining(`services.${name}.stop`) as string,
  })
  await expect(failed).rejects.not.toThrow('canary')
})

test('a stop that does not stop is a failure, however well its command ended', async () => {
  const name = defined({})

  await expect(driver.stop(name, { mode: 'stop', timeoutMs: 300 }, signal)).rejects.toMatchObject({
    code: 'service.stop-failed',
  })
})

test('a stop command that takes too long is killed with all it started', async () => {
  const name = defined({ stop: ['sh', '-c', 'sleep 888881 & sleep 888881'] })

  await expect(driver.stop(name, { mode: 'stop', timeoutMs: 500 }, signal)).rejects.toMatchObject({
    code: 'service.stop-failed',
    message: expect.stringContaining('within 0.5 s') as string,
  })
  expect(processesWith('sleep 888881')).toEqual([])
})

test('a start command that fails is a failure', async () => {
  const name = defined({ start: ['false'], isRunning: ['false'] })

  await expect(driver.start(name, { mode: 'stop' }, signal)).rejects.toMatchObject({
    code: 'service.start-failed',
  })
})

test('a program that is missing is a mistake in holdfast.yaml', async () => {
  const missing = ['/no/such/program']

  for (const asked of [
    () => driver.stop(defined({ stop: missing }), stop, signal),
    () => driver.start(defined({ start: missing, isRunning: ['false'] }), { mode: 'stop' }, signal),
    () => driver.observe(defined({ isRunning: missing }), signal),
  ]) {
    await expect(asked()).rejects.toMatchObject({
      code: 'service.invalid',
      message: expect.stringContaining('/no/such/program') as string,
      hint: expect.stringContaining('holdfast.yaml') as string,
    })
  }
})

test('tells of the processes that stop and start, while they are at work', async () => {
  const name = await make({ stopSeconds: 1, startSeconds: 1 })
  const seen: { pid: number; isAtWork: boolean }[] = []
  const onProcess = async ({ pid }: { pid: number }) => {
    seen.push({ pid, isAtWork: process.kill(pid, 0) })
  }

  await driver.stop(name, { ...stop, onProcess }, signal)
  await driver.start(name, { mode: 'stop', onProcess }, signal)

  expect(seen).toMatchObject([{ isAtWork: true }, { isAtWork: true }])
})

test('nothing can be run inside a command service', () => {
  expect(() => driver.shell('any')).toThrow(/Nothing can be run inside/)
})
