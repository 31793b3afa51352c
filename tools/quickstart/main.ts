import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { assertOurs, damage, fingerprint, makeApplication } from './application.js'
import { folder, type Application } from './place.js'
import { removeServices } from './service.js'
import { failure, holdfast, say, show, title } from './terminal.js'

/** How often the plan runs: one more than it keeps, so that the oldest expires. */
const RUNS = 3

const keeps = process.argv.includes('--keep')
let application: Application | undefined

process.exitCode = await main()

/** 0 only if what was restored equals what was there. */
async function main(): Promise<number> {
  await assertOurs()
  await removeOld()
  if (process.argv.includes('--clean')) return 0
  const startedAt = performance.now()
  try {
    application = await makeApplication()
    await writeConfiguration(application)
    await wholeJob()
    say(`\nAll of that took ${((performance.now() - startedAt) / 1000).toFixed(0)} s.`)
    return 0
  } catch (error) {
    failure(error)
    return 1
  } finally {
    await finish()
  }
}

async function wholeJob(): Promise<void> {
  title('The plan is checked')
  await show('plan', 'validate')
  await show('plan', 'explain', 'quickstart')

  title('Temporal and the workers of this machine start')
  await show('up', '--detach')

  title(`The plan runs ${RUNS} times: stop the service, read, start it again, store, remove what is too old`)
  for (let run = 1; run <= RUNS; run++)
    await show('backup', 'create', 'quickstart', '--description', `run ${run}`)
  if (!(await application!.isRunning())) throw new Error('The service does not run after the backups.')
  say('The service is running again.')

  title('The backups are listed; the oldest has expired')
  await show('backup', 'list')
  const backups = JSON.parse(await holdfast('backup', 'list', '--json')) as { id: string }[]
  if (backups.length !== RUNS - 1)
    throw new Error(`${backups.length} backups are listed instead of ${RUNS - 1}.`)
  const newest = backups
    .map(({ id }) => id)
    .sort()
    .at(-1)!

  title('The data is damaged, then restored')
  const before = await fingerprint()
  await damage()
  if ((await fingerprint()) === before) throw new Error('The damage is not seen.')
  say('Files were deleted and overwritten, rows removed from the database.')
  await show('backup', 'restore', newest, '--yes')
  if ((await fingerprint()) !== before) throw new Error('What was restored is not what was there.')
  if (!(await application!.isRunning())) throw new Error('The service does not run after the restore.')
  say('Every file and every row is back, byte for byte, and the service is running.')
}

/** The example plan as it is; the service it names is a container where Docker answers. */
async function writeConfiguration({ service, definition }: Application): Promise<void> {
  const plan = await readFile(join(import.meta.dirname, '..', '..', 'examples', 'quickstart.yaml'), 'utf8')
  await mkdir(join(folder, 'plans'), { mode: 0o700 })
  await writeFile(join(folder, 'plans', 'quickstart.yaml'), plan.replace('command:guestbook', service), {
    mode: 0o600,
  })
  const configuration = {
    version: 1,
    site: 'quickstart',
    host: 'quickstart',
    stateDir: join(folder, 'state'),
    destinations: { disk: { type: 'local', path: join(folder, 'backups') } },
    ...(definition === undefined ? {} : { services: { guestbook: definition } }),
  }
  await writeFile(join(folder, 'holdfast.yaml'), stringify(configuration), { mode: 0o600 })
}

async function finish(): Promise<void> {
  if (keeps && application !== undefined) {
    title('Left running, since you asked for it')
    await show('status')
    say(
      `Look around with:   cd ${folder} && export PATH="${join(import.meta.dirname, '..', '..', 'bin')}:$PATH"`,
    )
    say('Remove it all with: npm run quickstart -- --clean')
    return
  }
  await removeOld()
}

/** Ends what this or an earlier quickstart left running, and removes its folder. */
async function removeOld(): Promise<void> {
  if (existsSync(join(folder, 'holdfast.yaml'))) await holdfast('down').catch(() => undefined)
  await removeServices(folder)
  await rm(folder, { recursive: true, force: true })
}
