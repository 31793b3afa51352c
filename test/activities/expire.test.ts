import { expireActivities } from '../../activities/expire.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder } from '../../core/ids.js'
import { runActivity } from '../fakes/activity.js'
import { runObject, storeBackup } from '../fakes/backups.js'
import { fakeTools } from '../fakes/tools.js'

function world() {
  const tools = fakeTools()
  const disk = tools.world.destinations.disk!
  const { expire } = expireActivities(tools)
  return {
    tools,
    disk,
    expire: (...backupIds: string[]) => runActivity(expire, { plan: 'shop', destination: 'disk', backupIds }),
  }
}
const run = { workflowId: 'backup/shop/2', runId: 'run-2' }
const unfinished = '20260302-013000-shop-000002'
const DAY = 86_400_000

describe('expiring', () => {
  test('removes what it is told, and nothing else', async () => {
    const { disk, expire } = world()
    const gone = storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    const left = storeBackup(disk, { at: '2026-03-02T00:00:00Z' })
    const bytes = [...disk.objects]
      .filter(([name]) => name.includes(gone.id))
      .reduce((sum, [, { bytes }]) => sum + bytes.length, 0)

    const result = await expire(gone.id)

    expect(result).toEqual({ removed: [gone.id], freedBytes: bytes, swept: [] })
    expect([...disk.objects.keys()].every((name) => name.includes(left.id))).toBe(true)
    expect(disk.objects.size).toBe(3)
  })

  test('removes the manifest first and the origin last', async () => {
    const { disk, expire } = world()
    const { id } = storeBackup(disk)

    await expire(id)

    const folder = backupFolder('shop', id)
    expect(disk.calls.filter((call) => call.startsWith('delete'))).toEqual([
      `delete ${folder}manifest.json`,
      `delete ${folder}uploads_20260301_013000.tar`,
      `delete ${folder}run.json`,
    ])
  })

  test('goes on where it was interrupted', async () => {
    const { disk, expire } = world()
    const { id } = storeBackup(disk)
    disk.failOn = (call) =>
      call.startsWith('delete') && call.endsWith('.tar')
        ? new HoldfastError('destination.unavailable', 'gone')
        : undefined
    await expect(expire(id)).rejects.toMatchObject({ code: 'destination.unavailable' })
    expect([...disk.objects.keys()].some((name) => name.endsWith('manifest.json'))).toBe(false)
    disk.failOn = undefined

    expect((await expire(id)).removed).toEqual([id])
    expect((await expire(id)).removed).toEqual([id])
    expect(disk.objects.size).toBe(0)
  })

  test.each(['20260301-013000-blog-7f3a2c', '20260301', '..', ''])(
    'does not take %j for a backup of the plan',
    async (id) => {
      const { disk, expire } = world()
      storeBackup(disk)
      storeBackup(disk, { plan: 'blog' })

      await expect(expire(id)).rejects.toMatchObject({ code: 'backup.not-found' })
      expect(disk.objects.size).toBe(6)
    },
  )
})

describe('sweeping what has no manifest', () => {
  const leave = (
    { tools, disk }: ReturnType<typeof world>,
    origin: string | undefined,
    at = tools.world.now,
  ) => {
    const now = tools.world.now
    tools.world.now = at
    if (origin !== undefined) disk.write(`plans/shop/${unfinished}/run.json`, origin)
    disk.write(`plans/shop/${unfinished}/orders.dump`, 'half')
    tools.world.now = now
  }
  const before = (now: Date, ageMs: number) => new Date(now.getTime() - ageMs)

  test.each(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'])(
    'takes it away when its run is %s',
    async (status) => {
      const one = world()
      leave(one, runObject({ site: 'home', run }))
      one.tools.world.runs.set('backup/shop/2/run-2', status)

      const { swept, freedBytes } = await one.expire()

      expect(swept).toEqual([unfinished])
      expect(freedBytes).toBeGreaterThan(4)
      expect(one.disk.objects.size).toBe(0)
    },
  )

  test.each([
    ['its run is going on', 'RUNNING'],
    ['Temporal does not answer', undefined],
  ])('leaves it when %s', async (_, status) => {
    const one = world()
    leave(one, runObject({ site: 'home', run }), before(one.tools.world.now, 90 * DAY))
    one.tools.world.runs.set('backup/shop/2/run-2', status)

    expect((await one.expire()).swept).toEqual([])
  })

  test('leaves what belongs to another site', async () => {
    const one = world()
    leave(one, runObject({ site: 'away', run }), before(one.tools.world.now, 90 * DAY))

    expect((await one.expire()).swept).toEqual([])
  })

  test.each([
    ['an unknown run', runObject({ site: 'home', run })],
    ['nobody', undefined],
    ['an unreadable origin', '{'],
  ])('that belongs to %s is left for seven days after its newest object', async (_, origin) => {
    const young = world()
    leave(young, origin, before(young.tools.world.now, 7 * DAY))
    const old = world()
    leave(old, origin, before(old.tools.world.now, 7 * DAY + 1))

    expect((await young.expire()).swept).toEqual([])
    expect((await old.expire()).swept).toEqual([unfinished])
    expect(old.disk.objects.size).toBe(0)
  })

  test('knows nothing of folders that are not ours', async () => {
    const { disk, expire } = world()
    disk.write('plans/shop/notes/readme.txt', 'mine')
    disk.write('plans/shop/readme.txt', 'mine')
    disk.write('plans/shopping/20200101-000000-shopping-000000/a.tar', 'mine')
    disk.objects.forEach((stored) => (stored.modifiedAt = new Date(0)))

    expect((await expire()).swept).toEqual([])
    expect(disk.objects.size).toBe(3)
  })
})
