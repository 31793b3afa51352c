import { expireActivities } from '../../activities/expire.js'
import { markActivities } from '../../activities/mark.js'
import type { BackupFilter, ExpireInput, MarkInput } from '../../core/work/catalog.js'
import { HoldfastError } from '../../core/errors.js'
import { addMark } from '../../activities/catalog/marks.js'
import { backupFolder, manifestName, marksFolder } from '../../core/ids.js'
import { runActivity } from '../fakes/activity.js'
import { manifest, runObject, storeBackup } from '../fakes/backups.js'
import { fakeTools, type FakeTools } from '../fakes/tools.js'

function world() {
  const tools = fakeTools()
  const disk = tools.world.destinations.disk!
  const { expire } = expireActivities(tools)
  const { markBackup } = markActivities(tools)
  const input: ExpireInput = {
    ...{ plan: 'shop', destination: 'disk', backupIds: [] },
    ...{ by: 'retention', quarantineMs: 3 * DAY, removal: 'after-quarantine' },
  }
  return {
    tools,
    disk,
    expire: (...backupIds: string[]) => runActivity(expire, { ...input, backupIds, removal: 'now' }),
    hide: (...backupIds: string[]) => runActivity(expire, { ...input, backupIds }),
    mark: (backupId: string, change: MarkInput['change']) =>
      runActivity(markBackup, { reference: { backupId }, change }),
    list: async (among: BackupFilter['among'] = 'listed') => {
      const { backups, problems } = await tools.catalog.list({ among }, new AbortController().signal)
      expect(problems).toEqual([])
      return backups
    },
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

    expect(result).toEqual({ expired: [], removed: [gone.id], freedBytes: bytes, swept: [] })
    expect([...disk.objects.keys()].every((name) => name.includes(left.id))).toBe(true)
    expect(disk.objects.size).toBe(3)
  })

  test('ends the alarms about what goes, deleted or removed, and no others', async () => {
    const { tools, disk, expire, hide } = world()
    const ids = ['2026-03-01', '2026-03-02', '2026-03-03'].map(
      (day) => storeBackup(disk, { at: `${day}T00:00:00Z` }).id,
    )
    const [removed = '', hidden = '', kept = ''] = ids
    for (const id of ids)
      for (const cause of [`damaged/disk/${id}`, `unrestorable/disk/${id}`])
        await tools.alarms.raise({ cause, summary: 'It is cut.', hint: 'Look at the disk.' })

    await expire(removed)
    await hide(hidden)

    expect([...tools.world.alarms.keys()]).toEqual([`damaged/disk/${kept}`, `unrestorable/disk/${kept}`])
  })

  test('removes the manifest first, the origin after all objects, marks last', async () => {
    const { disk, expire, mark } = world()
    const { id } = storeBackup(disk)
    await mark(id, 'pin')
    await mark(id, 'unpin')

    await expire(id)

    const folder = backupFolder('shop', id)
    expect(disk.calls.filter((call) => call.startsWith('delete'))).toEqual([
      `delete ${folder}manifest.json`,
      `delete ${folder}uploads_20260301_013000.tar`,
      `delete ${folder}run.json`,
      `delete ${folder}marks/20260305_120000_000-pinned.json`,
      `delete ${folder}marks/20260305_120000_001-unpinned.json`,
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

describe('the quarantine', () => {
  const old = '2026-03-01T00:00:00Z'
  const young = '2026-03-05T00:00:00Z'

  test('hides what is deleted, and removes it by the clock of the store when it is over', async () => {
    const { tools, disk, hide, list } = world()
    const { id } = storeBackup(disk, { at: old })
    storeBackup(disk, { at: young })

    expect(await hide(id)).toMatchObject({ expired: [id], removed: [] })
    expect((await list()).map((backup) => backup.id)).not.toContain(id)
    expect((await list('deleted')).map((backup) => backup.id)).toEqual([id])

    tools.world.now = new Date(tools.world.now.getTime() + 3 * DAY - 1)
    expect(await hide(id)).toMatchObject({ removed: [] })
    tools.world.now = new Date(tools.world.now.getTime() + 1)
    expect(await hide()).toMatchObject({ removed: [id] })
    expect([...disk.objects.keys()].filter((name) => name.includes(id))).toEqual([])
  })

  test('lets a backup be brought back, which is pinned then, and neither deleted nor removed again', async () => {
    const { tools, disk, hide, mark, list } = world()
    const { id } = storeBackup(disk, { at: old })
    storeBackup(disk, { at: young })
    await hide(id)

    expect(await mark(id, 'undelete')).toMatchObject({ isChanged: true })

    expect((await list()).find((backup) => backup.id === id)).toMatchObject({
      isGood: true,
      marks: { pin: { because: 'brought back' } },
    })
    tools.world.now = new Date(tools.world.now.getTime() + 4 * DAY)
    expect(await hide(id)).toMatchObject({ expired: [], removed: [] })
    expect(await list()).toHaveLength(2)
  })

  test('is over for good: what comes too late is told', async () => {
    const { tools, disk, hide, mark } = world()
    const { id } = storeBackup(disk, { at: old })
    await hide(id)
    tools.world.now = new Date(tools.world.now.getTime() + 3 * DAY)

    await expect(mark(id, 'undelete')).rejects.toMatchObject({ code: 'backup.deleted' })
  })

  test('does not end for what retention has deleted while retention would delete nothing', async () => {
    const { tools, disk, hide } = world()
    const { id } = storeBackup(disk, { at: old })
    storeBackup(disk, { at: young })
    await hide(id)
    tools.world.now = new Date(tools.world.now.getTime() + 30 * DAY)

    expect(await hide()).toMatchObject({ removed: [] })
  })

  test('of a backup that a person has deleted ends in any case', async () => {
    const { tools, disk, hide, byPerson } = { ...world(), byPerson: { by: 'person' as const } }
    const { id } = storeBackup(disk, { at: old })
    const { expire } = expireActivities(tools)
    const input = { plan: 'shop', destination: 'disk', backupIds: [id], ...byPerson }
    await runActivity(expire, { ...input, quarantineMs: DAY, removal: 'after-quarantine' })
    tools.world.now = new Date(tools.world.now.getTime() + 30 * DAY)

    expect(await hide()).toMatchObject({ removed: [id] })
  })

  test('of nothing is over at once', async () => {
    const { tools, disk } = world()
    const { id } = storeBackup(disk, { at: old })
    storeBackup(disk, { at: young })
    const { expire } = expireActivities(tools)

    const input = { plan: 'shop', destination: 'disk', backupIds: [id], by: 'retention' as const }
    const result = await runActivity(expire, { ...input, quarantineMs: 0, removal: 'after-quarantine' })

    expect(result).toMatchObject({ expired: [id], removed: [id] })
  })

  test('never ends for a backup of another site', async () => {
    const { tools, disk, hide } = world()
    const { id } = storeBackup(disk, { at: old, site: 'away' })
    storeBackup(disk, { at: young })
    const trust = { isEncrypted: false }
    await addMark({ destination: disk, plan: 'shop', backupId: id, trust }, deletion, markWorld(tools))
    tools.world.now = new Date(tools.world.now.getTime() + 4 * DAY)

    expect(await hide()).toMatchObject({ removed: [] })
  })

  test('a pinned backup is not deleted: retention leaves it, a person is told', async () => {
    const { tools, disk, hide, mark } = world()
    const { id } = storeBackup(disk, { at: old })
    await mark(id, 'pin')
    const { expire } = expireActivities(tools)
    const input = { plan: 'shop', destination: 'disk', backupIds: [id], by: 'person' as const }

    expect(await hide(id)).toMatchObject({ expired: [] })
    for (const removal of ['now', 'after-quarantine'] as const)
      await expect(runActivity(expire, { ...input, quarantineMs: 0, removal })).rejects.toMatchObject({
        code: 'backup.pinned',
      })
    expect(disk.objects.has(manifestName('shop', id))).toBe(true)
  })

  test('a pin that comes while it is being deleted has the last word', async () => {
    const { tools, disk, hide, list } = world()
    const { id } = storeBackup(disk, { at: old })
    // Right after retention has looked, and before its mark is there.
    disk.failOn = (call) => {
      if (!call.endsWith('-expired.json')) return undefined
      disk.failOn = undefined
      const name = `${marksFolder('shop', id)}20260305_115959_999-pinned.json`
      disk.write(
        name,
        JSON.stringify({ format: 'holdfast.mark/1', backupId: id, ...head(tools), kind: 'pinned' }),
      )
      return undefined
    }

    expect(await hide(id)).toMatchObject({ expired: [] })
    expect((await list()).map((backup) => backup.id)).toEqual([id])
  })

  test('a failure at any step leaves nothing that is listed and broken, and the next run ends it', async () => {
    for (let step = 0; ; step++) {
      const { tools, disk, hide, list } = world()
      const { id } = storeBackup(disk, { at: old })
      storeBackup(disk, { at: young })
      tools.world.runs.set('backup/shop/1/run-1', 'COMPLETED')
      const changes = { count: 0, failed: false }
      const failAt = (call: string) => {
        if (!/^(put|delete) plans/.test(call) || changes.count++ !== step) return undefined
        changes.failed = true
        return new HoldfastError('destination.unavailable', 'gone')
      }
      const deleteAndRemove = async () => {
        await hide(id)
        tools.world.now = new Date(tools.world.now.getTime() + 3 * DAY)
        await hide()
      }
      disk.failOn = failAt
      await deleteAndRemove().catch((error: unknown) =>
        expect(error).toMatchObject({ code: 'destination.unavailable' }),
      )
      disk.failOn = undefined

      for (const backup of await list('all'))
        for (const { objects } of manifest({ at: backup.takenAt }).items)
          for (const { name } of objects)
            expect(disk.objects.has(`${backupFolder('shop', backup.id)}${name}`)).toBe(true)
      await deleteAndRemove()
      tools.world.now = new Date(tools.world.now.getTime() + 7 * DAY)
      await hide()
      expect([...disk.objects.keys()].filter((name) => name.includes(id))).toEqual([])
      expect(await list()).toHaveLength(1)
      if (!changes.failed) {
        expect(step).toBeGreaterThanOrEqual(5)
        return
      }
    }
  })
})

const deletion = { kind: 'expired' as const, by: 'retention' as const, quarantineMs: 0 }
const head = ({ site, clock }: FakeTools) => ({
  site: site.site,
  host: site.host,
  at: clock().toISOString(),
})
const markWorld = ({ site, clock }: FakeTools) => ({ site, clock, signal: new AbortController().signal })

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
