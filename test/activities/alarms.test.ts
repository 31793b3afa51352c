import { mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAlarms } from '../../activities/alarms.js'
import { createHostShell } from '../../activities/services/shell.js'
import { fakeLog } from '../fakes/log.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const shell = createHostShell(process.env)
const alarm = {
  cause: 'write-lease/docker:web',
  summary: 'docker:web is kept down by a restore.',
  hint: 'Restore it again.',
  service: 'docker:web',
}

async function fresh(command?: (stateDir: string) => readonly string[]) {
  const stateDir = await mkdtemp(join(folder(), 'state-'))
  const log = fakeLog()
  let nowMs = Date.parse('2026-03-05T12:00:00Z')
  const clock = () => new Date((nowMs += 60_000))
  const alarms = createAlarms({
    stateDir,
    host: 'nas',
    shell,
    log,
    clock,
    ...(command === undefined ? {} : { command: command(stateDir) }),
  })
  const told = () => readFile(join(stateDir, 'told'), 'utf8').catch(() => '')
  return { alarms, stateDir, log, told }
}
const append = (stateDir: string) => ['sh', '-c', `cat >>${stateDir}/told`]

test('there is none at first', async () => {
  const { alarms } = await fresh()

  expect(await alarms.open()).toEqual([])
  await alarms.resolve('never raised')
})

test('an alarm is open until its cause is gone', async () => {
  const { alarms } = await fresh()

  await alarms.raise(alarm)
  const open = await alarms.open()
  await alarms.resolve(alarm.cause)

  expect(open).toEqual([
    {
      ...alarm,
      raisedAt: '2026-03-05T12:01:00.000Z',
      lastSeenAt: '2026-03-05T12:01:00.000Z',
      count: 1,
      host: 'nas',
    },
  ])
  expect(await alarms.open()).toEqual([])
})

test('the same cause is one alarm, seen again; the command hears of it once', async () => {
  const { alarms, told } = await fresh(append)

  await alarms.raise(alarm)
  await alarms.raise({ ...alarm, summary: 'It is still down.' })
  await alarms.raise({ ...alarm, cause: 'another' })

  const open = await alarms.open()
  expect(open).toMatchObject([
    { cause: alarm.cause, count: 2, raisedAt: '2026-03-05T12:01:00.000Z', summary: 'It is still down.' },
    { cause: 'another', count: 1 },
  ])
  const records = (await told())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { cause: string })
  expect(records.map(({ cause }) => cause)).toEqual([alarm.cause, 'another'])
})

test('an alarm that was resolved and comes again is told again', async () => {
  const { alarms, told } = await fresh(append)

  await alarms.raise(alarm)
  await alarms.resolve(alarm.cause)
  await alarms.raise(alarm)

  expect((await told()).trim().split('\n')).toHaveLength(2)
})

test('records are for our user only', async () => {
  const { alarms, stateDir } = await fresh()
  await alarms.raise(alarm)

  const [file = ''] = await readdir(join(stateDir, 'alarms'))

  expect((await stat(join(stateDir, 'alarms', file))).mode & 0o777).toBe(0o600)
  expect((await stat(join(stateDir, 'alarms'))).mode & 0o777).toBe(0o700)
})

test('a command that fails or is missing is logged, and the alarm stays', async () => {
  for (const command of [['false'], ['/no/such/program']]) {
    const { alarms, log } = await fresh(() => command)

    await alarms.raise(alarm)

    expect(await alarms.open()).toHaveLength(1)
    expect(log.lines).toMatchObject([{ level: 'error', message: 'the alarm command failed' }])
  }
})

test('an alarm that cannot be recorded is told all the same, and throws nothing', async () => {
  const { alarms, stateDir, log, told } = await fresh(append)
  await writeFile(join(stateDir, 'alarms'), 'a file where the folder should be')

  await alarms.raise(alarm)

  expect(await told()).toContain(alarm.cause)
  expect(log.lines).toMatchObject([{ level: 'error', message: 'an alarm could not be recorded' }])
})

test('a damaged record is an open alarm', async () => {
  const { alarms, stateDir } = await fresh()
  await alarms.raise(alarm)
  const [file = ''] = await readdir(join(stateDir, 'alarms'))
  await writeFile(join(stateDir, 'alarms', file), '{')

  expect(await alarms.open()).toMatchObject([{ summary: expect.stringContaining(file) as string }])
})
