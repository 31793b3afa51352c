import { requireOpened } from '../../core/encrypted-manifest.js'
import { listActivities } from '../../activities/list.js'
import { HoldfastError } from '../../core/errors.js'
import { manifestName } from '../../core/ids.js'
import { NO_MARKS } from '../../core/marks.js'
import { runActivity } from '../fakes/activity.js'
import { item, manifest, storeBackup } from '../fakes/backups.js'
import { fakeTools } from '../fakes/tools.js'

function world() {
  const tools = fakeTools()
  return { tools, disk: tools.world.destinations.disk!, ...listActivities(tools) }
}
const hour = (count: number) => new Date(Date.UTC(2026, 0, 1) + count * 3_600_000).toISOString()

describe('listBackups', () => {
  test('gives pages that together are the whole', async () => {
    const { disk, listBackups } = world()
    for (let count = 0; count < 501; count++) storeBackup(disk, { at: hour(count) })

    const first = await runActivity(listBackups, { filter: {} })
    const second = await runActivity(listBackups, { filter: {}, after: first.next! })

    expect([first.backups.length, second.backups.length, second.next]).toEqual([500, 1, undefined])
    expect(second.backups[0]?.takenAt).toBe(hour(500))
  })

  test('a page begins where the last one ended, although that one has expired meanwhile', async () => {
    const { disk, listBackups } = world()
    const all = Array.from({ length: 502 }, (_, count) => storeBackup(disk, { at: hour(count) }))
    const first = await runActivity(listBackups, { filter: {} })
    disk.objects.delete(manifestName('shop', all[499]!.id))

    const second = await runActivity(listBackups, { filter: {}, after: first.next! })

    expect(second.backups.map(({ id }) => id)).toEqual([all[500]!.id, all[501]!.id])
  })

  test('names so many problems', async () => {
    const { disk, listBackups } = world()
    for (let count = 0; count < 60; count++)
      disk.write(manifestName('shop', manifest({ at: hour(count) }).id), '{')

    const { problems } = await runActivity(listBackups, { filter: {} })

    expect(problems).toHaveLength(51)
    expect(problems.at(-1)).toBe('And 10 more of the same kind.')
  })
})

describe('showBackup', () => {
  test('shows the manifest', async () => {
    const { disk, showBackup } = world()
    const stored = storeBackup(disk)

    expect(await runActivity(showBackup, { backupId: stored.id })).toEqual({
      destination: 'disk',
      copies: [{ destination: 'disk', marks: NO_MARKS, isGood: true }],
      manifest: stored,
      marks: NO_MARKS,
      isGood: true,
    })
  })

  test('leaves out names, never counts, when the answer would be too large for Temporal', async () => {
    const { disk, showBackup } = world()
    const notCaptured = Array.from({ length: 1000 }, (_, at) => ({
      path: `/${at}/${'x'.repeat(4000)}`,
      cause: 'changed' as const,
    }))
    const { id } = storeBackup(disk, { items: [item({ notCaptured, notCapturedCounts: { changed: 5000 } })] })

    const shown = await runActivity(showBackup, { backupId: id })

    expect(JSON.stringify(shown).length).toBeLessThan(1_500_000)
    expect(requireOpened(shown, 'nas').items[0]?.notCaptured).toHaveLength(100)
    expect(shown.manifest.items[0]?.notCapturedCounts).toEqual({ changed: 5000 })
  })
})

describe('previewRetention', () => {
  const rules = {
    plan: 'shop',
    site: 'home',
    destination: 'disk',
    rules: { keepLast: 1, minimum: 1 },
    timezone: 'UTC',
  }

  test('decides about what lies at the destination, now', async () => {
    const { disk, previewRetention } = world()
    storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    storeBackup(disk, { at: '2026-03-04T00:00:00Z' })
    storeBackup(disk, { at: '2026-03-05T00:00:00Z', site: 'away' })

    const { decisions } = await runActivity(previewRetention, rules)

    expect(decisions.map(({ takenAt, keptBecause }) => [takenAt.slice(0, 10), keptBecause])).toEqual([
      ['2026-03-04', ['last 1 of 1', 'minimum of 1']],
      ['2026-03-01', []],
    ])
  })

  test('fails when the destination does not answer', async () => {
    const tools = fakeTools({
      destination: async () => {
        throw new HoldfastError('destination.not-mounted', 'Is it mounted?')
      },
    })

    await expect(runActivity(listActivities(tools).previewRetention, rules)).rejects.toMatchObject({
      code: 'destination.not-mounted',
    })
  })
})
