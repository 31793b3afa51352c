import { markActivities } from '../../activities/mark.js'
import { marksFolder } from '../../core/ids.js'
import type { MarkChange } from '../../core/work/catalog.js'
import { runActivity } from '../fakes/activity.js'
import { storeBackup } from '../fakes/backups.js'
import { fakeTools } from '../fakes/tools.js'

const signal = new AbortController().signal

function world(changes: Parameters<typeof storeBackup>[1] = {}) {
  const tools = fakeTools()
  const disk = tools.world.destinations.disk!
  const { id } = storeBackup(disk, changes)
  const { markBackup } = markActivities(tools)
  return {
    tools,
    disk,
    id,
    mark: (change: MarkChange, because?: string) =>
      runActivity(markBackup, {
        reference: { backupId: id },
        change,
        ...(because === undefined ? {} : { because }),
      }),
    listed: async () => (await tools.catalog.list({}, signal)).backups[0]!,
    marks: () => [...disk.objects.keys()].filter((name) => name.startsWith(marksFolder('shop', id))),
  }
}
const suspect = { verdicts: { data: 'suspect', services: 'ok' } } as const

test('a pin is kept with its reason until it is taken back; each of them twice is no change', async () => {
  const { mark, listed, marks } = world()

  expect(await mark('pin', 'audit')).toMatchObject({ isChanged: true })
  expect(await mark('pin')).toMatchObject({ isChanged: false })
  expect((await listed()).marks.pin).toMatchObject({ because: 'audit' })
  expect(await mark('unpin')).toMatchObject({ isChanged: true })
  expect(await mark('unpin')).toMatchObject({ isChanged: false })
  expect((await listed()).marks.pin).toBeUndefined()
  expect(marks()).toHaveLength(2)
})

test('a suspect backup is not good until it is accepted, and its alarm ends with that', async () => {
  const { tools, mark, listed } = world(suspect)
  tools.world.alarms.set('suspect/shop', 'too small')
  expect(await listed()).toMatchObject({ isGood: false, isSound: true })

  expect(await mark('accept')).toMatchObject({ isChanged: true, marks: { isAccepted: true } })

  expect(await listed()).toMatchObject({ isGood: true })
  expect(tools.world.alarms.size).toBe(0)
})

test('an acceptance makes nothing good that is not sound', async () => {
  const { mark, listed } = world({ ...suspect, subsetOf: ['uploads'] })

  await mark('accept')

  expect(await listed()).toMatchObject({ isGood: false })
})

test('what is not suspect needs no acceptance, what is not deleted none to bring it back', async () => {
  const { mark, marks } = world()

  expect(await mark('accept')).toMatchObject({ isChanged: false })
  expect(await mark('undelete')).toMatchObject({ isChanged: false })
  expect(marks()).toEqual([])
})

test('a backup of another site is not ours to mark', async () => {
  const { mark } = world({ site: 'away' })

  await expect(mark('pin')).rejects.toMatchObject({ code: 'backup.not-found' })
})

test('a reason as long as a book is cut: the mark can be read', async () => {
  const { mark, listed } = world()

  await mark('pin', 'x'.repeat(10_000))

  expect(await listed()).toMatchObject({ marks: { hasUnreadable: false, pin: { because: 'x'.repeat(500) } } })
})

test.each([
  ['is not JSON', 'pinned', '{'],
  ['is that of another backup', 'pinned', JSON.stringify({ backupId: 'other' })],
])('a mark that %s is a problem beside the backup, which stays', async (_, kind, text) => {
  const { tools, disk, id } = world()
  disk.write(`${marksFolder('shop', id)}20260301_000000_000-${kind}.json`, text)

  for (let time = 1; time <= 2; time++) {
    const { backups, problems } = await tools.catalog.list({}, signal)
    expect(backups).toMatchObject([{ id, marks: { hasUnreadable: true } }])
    expect(problems).toEqual([expect.stringContaining('is not as it was written')])
  }
  expect(await tools.catalog.find({ backupId: id }, signal)).toMatchObject({ marks: { hasUnreadable: true } })
})

test('marks of kinds that a later version knows mean nothing to this one', async () => {
  const { tools, disk, id } = world()
  disk.write(`${marksFolder('shop', id)}20260301_000000_000-restarted.json`, '{}')

  expect((await tools.catalog.list({}, signal)).problems).toEqual([])
})

test('what is deleted is found when it is asked for, and makes nothing ambiguous', async () => {
  const { tools, disk, id } = world()
  const other = storeBackup(disk, { at: '2026-03-02T01:30:00.000Z' })
  const name = `${marksFolder('shop', id)}20260301_000000_000-expired.json`
  disk.write(
    name,
    JSON.stringify({
      ...{ format: 'holdfast.mark/1', backupId: id, site: 'home', host: 'nas', at: '2026-03-01T00:00:00Z' },
      ...{ kind: 'expired', by: 'person', quarantineMs: 1000 },
    }),
  )

  await expect(tools.catalog.find({ backupId: id }, signal)).rejects.toMatchObject({ code: 'backup.deleted' })
  expect(await tools.catalog.find({ backupId: id, among: 'all' }, signal)).toMatchObject({
    manifest: { id },
  })
  expect(await tools.catalog.find({ backupId: '202603' }, signal)).toMatchObject({
    manifest: { id: other.id },
  })
})
