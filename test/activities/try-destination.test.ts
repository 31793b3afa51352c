import { tryDestinationActivities } from '../../activities/try-destination.js'
import { runActivity } from '../fakes/activity.js'
import { fakeTools } from '../fakes/tools.js'

function world() {
  const tools = fakeTools()
  return { tools, disk: tools.world.destinations['disk']!, ...tryDestinationActivities(tools) }
}
const input = { destination: 'disk' }

test('a destination that works is written, listed, read whole and in part, and left as it was', async () => {
  const { disk, tryDestination } = world()
  disk.free = 5000

  const trial = await runActivity(tryDestination, input)

  expect(trial).toMatchObject({
    destination: 'disk',
    bytes: 17 * 2 ** 20,
    clockDifferenceMs: 0,
    freeBytes: 5000,
  })
  expect(disk.calls.map((call) => call.split(' ')[0])).toEqual(
    expect.arrayContaining(['put', 'stat', 'list', 'get', 'delete']),
  )
  expect(disk.objects.size).toBe(0)
})

test('bytes that come back otherwise are noticed', async () => {
  const { disk, tryDestination } = world()
  disk.failOn = (call) => {
    if (call.startsWith('get ')) disk.damage(call.slice('get '.length), 7_000_000)
    return undefined
  }

  await expect(runActivity(tryDestination, input)).rejects.toMatchObject({
    code: 'destination.unavailable',
    message: expect.stringContaining('does not give back') as string,
  })
  expect(disk.objects.size).toBe(0)
})

test('what fails is said as it is, and nothing stays', async () => {
  const { disk, tryDestination } = world()
  disk.failOn = (call) => (call.startsWith('list ') ? new Error('broken') : undefined)

  await expect(runActivity(tryDestination, input)).rejects.toThrow('broken')

  expect(disk.objects.size).toBe(0)
})
