import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ListedBackup } from '../../core/copies.js'
import { dataOf } from '../../core/restore-end.js'
import type { RestoreView } from '../../operations/restore-ends.js'
import type { SiteStatus } from '../../operations/status.js'
import { isLong } from '../support/long.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type Finished, type World } from './world.js'

// kill -9 of the workers at random moments of what writes at destinations, and of a restore. HOLDFAST_TEST_SEED repeats the
// moments, as far as the machine allows.

const KILLS_OF_EACH = isLong ? 20 : 1
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20_261_121)
const KILL_LIMIT_MS = 400_000
const MEBIBYTES = 12

describeWith(['built', 'temporal'], 'killed at random moments', () => {
  let world: World
  let key = 'main'
  let keepLast = 5
  /** What a restore is to bring back. */
  let backedUp = Buffer.alloc(0)
  /** From the command to its end, where nothing is killed: on this machine, now. */
  let usualMs = 0

  const place = (name: string) => ({ type: 'local', path: world.path(name) })
  const keyFile = (name: string) => ({ type: 'file', path: world.path(`${name}.key`) })
  const writePlan = () =>
    world.writePlan({
      plan: 'kept',
      destinations: ['disk', 'offsite'],
      sources: { data: { type: 'files', paths: [world.path('data')], live: true } },
      encryption: { keys: [key] },
      retention: { keepLast, quarantine: '0s' },
      plausibility: 'off',
    })
  const listed = () => world.json<ListedBackup[]>('backup', 'list')
  const change = () => writeFile(world.path('data', 'random'), randomBytes(MEBIBYTES * 2 ** 20))

  beforeAll(async () => {
    world = await makeWorld()
    await world.configure({
      keys: { main: keyFile('main'), next: keyFile('next') },
      destinations: { disk: place('backups'), offsite: place('copies') },
    })
    await mkdir(world.path('data'))
    await writePlan()
    for (const name of ['main', 'next']) await world.json('key', 'create', name)
    await world.up()
    for (let made = 0; made < 3; made++) {
      const begun = Date.now()
      await goodRun()
      usualMs = Date.now() - begun
    }
  }, KILL_LIMIT_MS)

  afterAll(() => world.dispose())

  async function goodRun(): Promise<void> {
    await change()
    expect(await world.holdfast('backup', 'create', 'kept')).toMatchObject({ code: 0 })
  }

  /** What is begun, and killed. Each leaves something to do, and says by which command it is begun. */
  const works: Record<string, () => Promise<readonly string[]>> = {
    'a run': async () => {
      await change()
      return ['backup', 'create', 'kept']
    },
    'a replication': async () => {
      const [oldest] = await listed()
      await rm(world.path('copies', 'plans', 'kept', oldest!.id), { recursive: true })
      return ['backup', 'replicate', 'kept']
    },
    'a rotation': async () => {
      const old = key
      key = old === 'main' ? 'next' : 'main'
      await writePlan()
      return ['key', 'rotate', old, key, '--yes']
    },
    'an expiry': async () => {
      keepLast = 2
      await writePlan()
      return ['backup', 'cleanup', 'kept', '--yes']
    },
    'a restore': async () => {
      const newest = (await listed()).at(-1)!
      backedUp = await readFile(world.path('data', 'random'))
      await change()
      await writeFile(world.path('data', 'later'), 'made after the backup')
      return ['backup', 'restore', newest.id, '--yes']
    },
  }

  /** Resolves with who was killed. */
  async function killWorkers(): Promise<readonly number[]> {
    const pids = Object.values(await world.children())
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    return pids
  }

  /** A restore whose worker died in its swap waits for a person to say how it ends. */
  async function endRestores(): Promise<void> {
    for (const { restoreId, state } of await world.json<RestoreView[]>('restore', 'list'))
      if (dataOf(state) === 'between')
        expect(await world.holdfast('restore', 'resume', restoreId, '--yes')).toMatchObject({ code: 0 })
  }

  /** All of the one or all of the other, as the restore says. */
  async function expectWhole(before: Buffer): Promise<void> {
    const [newest] = await world.json<RestoreView[]>('restore', 'list')
    const isRestored = newest !== undefined && dataOf(newest.state) === 'new'
    expect(await readdir(world.path('data'))).toEqual(isRestored ? ['random'] : ['later', 'random'])
    const now = await readFile(world.path('data', 'random'))
    expect(now.equals(isRestored ? backedUp : before)).toBe(true)
    await rm(world.path('data', 'later'), { force: true })
  }

  test.each(Object.keys(works))(
    `of %s: nothing that is listed is broken, nothing good is gone, the next run is good (seed ${SEED}, ${KILLS_OF_EACH} kills)`,
    async (name) => {
      const ends: number[] = []
      for (const percent of momentsOf(name)) {
        const command = await works[name]!()
        const before = (await listed()).filter(({ isGood }) => isGood).map(({ id }) => id)
        const data = await readFile(world.path('data', 'random'))
        const finished = world.holdfast(...command)

        await delay((percent / 100) * usualMs)
        const killed = await killWorkers()
        ends.push((await ended(finished, killed)).code)
        await endRestores()

        const after = await listed()
        const stay = name === 'an expiry' ? before.slice(-keepLast) : before.slice(-(keepLast - 1))
        expect(after.filter(({ isGood }) => isGood).map(({ id }) => id)).toEqual(expect.arrayContaining(stay))
        expect(await world.holdfast('backup', 'verify', 'kept')).toMatchObject({ code: 0 })
        if (name === 'a restore') await expectWhole(data)
        keepLast = 5
        await writePlan()
        await goodRun()
      }
      process.stderr.write(
        `${ends.length} kills of ${name}, seed ${SEED}: ${ends.filter((code) => code === 0).length} went on to their end by themselves\n`,
      )
    },
    KILLS_OF_EACH * KILL_LIMIT_MS,
  )

  /** The agent starts its workers again, and what was begun goes on, or says that it does not. */
  async function ended(finished: Promise<Finished>, killed: readonly number[]): Promise<Finished> {
    const end = await finished
    // Temporal takes the dead ones for connected for some minutes more.
    const areNew = async () => {
      const pids = Object.values(await world.children())
      return pids.length === killed.length && !pids.some((pid) => killed.includes(pid))
    }
    await until('both workers are new', areNew, KILL_LIMIT_MS)
    await until('both workers serve', areServing, KILL_LIMIT_MS)
    return end
  }

  async function areServing(): Promise<boolean> {
    const { stdout } = await world.holdfast('status', '--json')
    const { hosts } = JSON.parse(stdout) as SiteStatus
    return hosts.length > 0 && hosts.every(({ hasControl, hasData }) => hasControl && hasData)
  }
})

/** As percents of the usual time. Each kind of work has its own: a seed repeats them. */
const momentsOf = (name: string): readonly number[] =>
  fc.sample(fc.noBias(fc.integer({ min: 20, max: 100 })), {
    seed: SEED + name.length,
    numRuns: KILLS_OF_EACH,
  })
