import { verifyActivities } from '../../activities/verify.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder, manifestName } from '../../core/ids.js'
import { activityEnvironment, runActivity } from '../fakes/activity.js'
import { item, plainObject, storeBackup } from '../fakes/backups.js'
import { fakeTools } from '../fakes/tools.js'

const names = ['a.tar', 'b.tar', 'c.tar']

function world() {
  const tools = fakeTools()
  const disk = tools.world.destinations.disk!
  const objects = names.map((name) => plainObject(name, 'the files'))
  const { id } = storeBackup(disk, { items: [item({ objects })] })
  const { verify } = verifyActivities(tools)
  return {
    tools,
    disk,
    id,
    folder: backupFolder('shop', id),
    verify: () => runActivity(verify, { reference: { backupId: id } }),
    activity: verify,
  }
}

test('a backup that is as it was written has no problems', async () => {
  const { id, tools, verify } = world()

  expect(await verify()).toEqual({ backupId: id, destination: 'disk', objects: 3, bytes: 27, problems: [] })
  expect(tools.world.alarms.size).toBe(0)
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
