import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sweepRehearsals } from '../../activities/rehearsals.js'
import { rehearseActivities } from '../../activities/rehearse.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder } from '../../core/ids.js'
import { runActivity } from '../fakes/activity.js'
import { item, storeBackup } from '../fakes/backups.js'
import { fakeSite } from '../fakes/site.js'
import { fakeDrivers } from '../fakes/source-driver.js'
import { fakeTools } from '../fakes/tools.js'

let worlds = 0
let parent: string
beforeAll(async () => void (parent = await mkdtemp(join(tmpdir(), 'rehearse-'))))
afterAll(() => rm(parent, { recursive: true }))

function world() {
  const fake = fakeDrivers()
  const stateDir = join(parent, String(++worlds))
  const tools = fakeTools({ site: fakeSite({ stateDir }) })
  const disk = tools.world.destinations.disk!
  const { id } = storeBackup(disk, { items: [item()] })
  const { rehearse } = rehearseActivities(tools, fake.drivers)
  const left = () => readdirSync(join(stateDir, 'rehearsals'))
  return { fake, tools, disk, id, stateDir, left, rehearse: () => runActivity(rehearse, { backupId: id }) }
}

test('what comes back as it was captured is good, and nothing of it is left', async () => {
  const { fake, id, tools, left, rehearse } = world()

  expect(await rehearse()).toMatchObject({
    ...{ backupId: id, destination: 'disk' },
    items: [{ source: 'uploads', outcome: 'restored', counts: { files: 1 } }],
  })

  expect(fake.calls).toEqual(['rehearse uploads', 'forget uploads'])
  expect(left()).toEqual([])
  expect(tools.world.alarms.size).toBe(0)
})

test('what comes back as less is an alarm, until a rehearsal is good', async () => {
  const { fake, id, tools, rehearse } = world()
  fake.restored = { files: 0 }

  const { items } = await rehearse()

  expect(items).toMatchObject([{ outcome: 'failed', problem: 'Restored were 0 instead of 1 files.' }])
  expect(tools.world.alarms.get(`unrestorable/disk/${id}`)).toContain('0 instead of 1')

  delete fake.restored
  await rehearse()
  expect(tools.world.alarms.size).toBe(0)
})

test('damage is found, and what was made is removed all the same', async () => {
  const { fake, disk, id, left, rehearse } = world()
  disk.damage(`${backupFolder('shop', id)}uploads_20260301_013000.tar`, 4)

  expect(await rehearse()).toMatchObject({ items: [{ outcome: 'failed' }] })

  expect(fake.calls).toEqual(['rehearse uploads', 'forget uploads'])
  expect(left()).toEqual([])
})

test('what cannot be tried here says nothing about the backup', async () => {
  const { fake, tools, rehearse } = world()
  fake.failOn = (call) =>
    call.startsWith('rehearse')
      ? new HoldfastError('database.denied', 'May not create databases.')
      : undefined

  expect(await rehearse()).toMatchObject({
    items: [{ outcome: 'not-done', problem: 'May not create databases.' }],
  })

  expect(tools.world.alarms.size).toBe(0)
})

test('a server that is away is asked again, and has nothing of ours then', async () => {
  const { fake, left, rehearse } = world()
  fake.failOn = (call) =>
    call.startsWith('rehearse') ? new HoldfastError('database.unreachable', 'It is away.') : undefined

  await expect(rehearse()).rejects.toMatchObject({ code: 'database.unreachable' })

  expect(fake.calls).toContain('forget uploads')
  expect(left()).toEqual([])
})

/** As a worker leaves it that was killed in the middle. */
function leave(stateDir: string): string {
  const folder = join(stateDir, 'rehearsals')
  const name = encodeURIComponent('rehearsal/20260201-013000-shop-aaaaaa')
  mkdirSync(join(folder, name, 'uploads'), { recursive: true })
  writeFileSync(join(folder, name, 'uploads', 'half'), 'half of it')
  const record = { rehearsalId: 'rehearsal/20260201-013000-shop-aaaaaa', items: [item()] }
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(record))
  return join(folder, name)
}

test.each(['the next rehearsal', 'the next start'])(
  'what a killed one has left goes with %s',
  async (when) => {
    const { fake, tools, stateDir, left, rehearse } = world()
    const folder = leave(stateDir)

    if (when === 'the next rehearsal') await rehearse()
    else await sweepRehearsals({ tools, drivers: fake.drivers, signal: new AbortController().signal })

    expect(fake.calls[0]).toBe('forget uploads')
    expect(existsSync(folder)).toBe(false)
    expect(left()).toEqual([])
  },
)

test('what cannot be removed now is not forgotten', async () => {
  const { fake, tools, stateDir, left } = world()
  leave(stateDir)
  fake.failOn = () => new HoldfastError('database.unreachable', 'It is away.')

  await sweepRehearsals({ tools, drivers: fake.drivers, signal: new AbortController().signal })

  expect(left()).toHaveLength(1)
})
