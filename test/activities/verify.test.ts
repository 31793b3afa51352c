import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyActivities } from '../../activities/verify.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder, manifestName } from '../../core/ids.js'
import { activityEnvironment, runActivity } from '../fakes/activity.js'
import { item, plainObject, storeBackup } from '../fakes/backups.js'
import type { VerifyDepth } from '../../core/job.js'
import { fakeSite } from '../fakes/site.js'
import { fakeDrivers } from '../fakes/source-driver.js'
import { fakeTools } from '../fakes/tools.js'

let worlds = 0
const names = ['a.tar', 'b.tar', 'c.tar']

let stateDir: string
beforeAll(async () => void (stateDir = await mkdtemp(join(tmpdir(), 'verify-'))))
afterAll(() => rm(stateDir, { recursive: true }))

function world() {
  const fake = fakeDrivers()
  const tools = fakeTools({ site: fakeSite({ stateDir: join(stateDir, String(++worlds)) }) })
  const disk = tools.world.destinations.disk!
  const objects = names.map((name) => plainObject(name, 'the files'))
  const { id } = storeBackup(disk, { items: [item({ objects })] })
  const { verify } = verifyActivities(tools, fake.drivers)
  const marks = async () => (await tools.catalog.find({ backupId: id }, new AbortController().signal)).marks
  return {
    fake,
    marks,
    tools,
    disk,
    id,
    folder: backupFolder('shop', id),
    verify: (depth: VerifyDepth = 'readBack') => runActivity(verify, { reference: { backupId: id }, depth }),
    activity: verify,
  }
}

test('a backup that is as it was written has no problems', async () => {
  const { id, tools, verify, marks } = world()

  expect(await verify()).toEqual({ backupId: id, destination: 'disk', objects: 3, bytes: 27, problems: [] })
  expect(tools.world.alarms.size).toBe(0)
  expect(await marks()).toMatchObject({ verification: { outcome: 'verified' } })
})

test('what is removed while it is read is not damaged: nothing is marked, nobody is alarmed', async () => {
  const { id, disk, folder, fake, tools, verify } = world()
  fake.failOn = () => {
    for (const name of [manifestName('shop', id), `${folder}b.tar`]) disk.objects.delete(name)
    return undefined
  }

  await expect(verify()).rejects.toMatchObject({ code: 'backup.not-found' })

  expect(tools.world.alarms.size).toBe(0)
  expect([...disk.objects.keys()].filter((name) => name.includes('/marks/'))).toEqual([])
})

test('a checksum reads the stored bytes, and looks into nothing', async () => {
  const { fake, disk, folder, verify, marks } = world()

  expect(await verify('checksum')).toMatchObject({ objects: 3, problems: [] })
  disk.damage(`${folder}a.tar`, 4)
  expect(await verify('checksum')).toMatchObject({ problems: [expect.stringContaining('a.tar')] })

  expect(fake.calls).toEqual([])
  expect(await marks()).toMatchObject({
    verification: { outcome: 'damaged', problem: expect.stringContaining('a.tar') as string },
  })
})

test('what a driver finds inside is damage, and what it cannot look into is a note', async () => {
  const { fake, verify, marks } = world()
  fake.failOn = () => new HoldfastError('source.damaged', 'The archive has no end.')
  expect(await verify()).toMatchObject({
    problems: expect.arrayContaining(['a.tar: The archive has no end.']) as unknown,
  })

  fake.failOn = () => new HoldfastError('source.tool-missing', 'There is no pg_restore.')
  const { problems, notes } = await verify()

  expect(problems).toEqual([])
  expect(notes).toContain('a.tar was not looked into: There is no pg_restore.')
  expect(await marks()).toMatchObject({ verification: { outcome: 'verified' } })
})

test('where no mark can be written, the verification still tells what it found', async () => {
  const { disk, verify } = world()
  disk.failOn = (call) =>
    call.startsWith('put') ? new HoldfastError('destination.full', 'The disk is full.') : undefined

  expect(await verify()).toMatchObject({ problems: [], notes: ['It is not marked: The disk is full.'] })
})

test('every object that is damaged is named, and an alarm is raised until all is well', async () => {
  const { id, tools, disk, folder, verify } = world()
  disk.damage(`${folder}a.tar`, 4)
  disk.objects.delete(`${folder}b.tar`)
  disk.write(`${folder}c.tar`, 'the')

  const { problems } = await verify()

  expect(problems).toEqual([
    expect.stringContaining('a.tar'),
    'b.tar is missing.',
    'c.tar has 3 bytes instead of 9.',
  ])
  expect(tools.world.alarms.get(`damaged/disk/${id}`)).toContain('a.tar')

  for (const name of names) disk.write(`${folder}${name}`, 'the files')
  await verify()
  expect(tools.world.alarms.size).toBe(0)
})

test('a damaged manifest is said to be the damaged one', async () => {
  const { id, disk, verify } = world()
  disk.damage(manifestName('shop', id))

  await expect(verify()).rejects.toMatchObject({
    code: 'backup.corrupt',
    message: expect.stringContaining('manifest') as string,
  })
})

test('a destination that goes away says nothing about the backup', async () => {
  const { tools, disk, verify } = world()
  disk.failOn = (call) =>
    call.endsWith('b.tar') ? new HoldfastError('destination.unavailable', 'gone') : undefined

  await expect(verify()).rejects.toMatchObject({ code: 'destination.unavailable' })
  expect(tools.world.alarms.size).toBe(0)
})

test('an attempt goes on where the one before ended', async () => {
  const { id, disk, folder, activity } = world()
  const environment = activityEnvironment({
    heartbeatDetails: {
      backupId: id,
      objects: 2,
      bytes: 18,
      problems: ['a.tar is missing.'],
    },
  })

  const report = await environment.run(activity, { reference: { backupId: id } })

  expect(report).toMatchObject({ objects: 3, bytes: 27, problems: ['a.tar is missing.'] })
  expect(disk.calls).not.toContain(`stat ${folder}b.tar`)
})
