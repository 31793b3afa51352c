import { publishActivities } from '../../activities/publish.js'
import type { Manifest } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { BackupJob } from '../../core/job.js'
import type { PublishInput } from '../../core/work/capture.js'
import { runActivity } from '../fakes/activity.js'
import { item, storeBackup } from '../fakes/backups.js'
import { fakeTools } from '../fakes/tools.js'

const backupId = '20260301-013000-shop-7f3a2c'
const folder = `plans/shop/${backupId}/`
const run = { workflowId: 'backup/shop/1', runId: 'run-1' }
const where = { backupId, plan: 'shop', site: 'home', destination: 'disk' }
const object = item().objects[0]!

const job = {
  jobVersion: 1,
  site: 'home',
  host: 'nas',
  plan: 'shop',
  tolerate: ['vanished'],
  planText: 'plan: shop\n',
  planSha256: 'a'.repeat(64),
} as unknown as BackupJob
const input = (changes: Partial<PublishInput> = {}): PublishInput => ({
  job,
  backupId,
  takenAt: '2026-03-01T01:30:00.123456789Z',
  destination: 'disk',
  items: [item()],
  holds: [],
  servicesVerdict: 'ok',
  completedAt: '2026-03-05T12:00:00.000Z',
  run,
  ...changes,
})

function world() {
  const tools = fakeTools()
  const disk = tools.world.destinations.disk!
  return { tools, disk, ...publishActivities(tools) }
}

describe('prepareBackup', () => {
  test('says whose the backup is, before anything else', async () => {
    const { disk, prepareBackup } = world()

    await runActivity(prepareBackup, { ...where, run })

    expect(JSON.parse(disk.text(`${folder}run.json`))).toEqual({
      format: 'holdfast.run/1',
      site: 'home',
      host: 'nas',
      run,
    })
  })

  test('may run twice', async () => {
    const { disk, prepareBackup } = world()
    await runActivity(prepareBackup, { ...where, run })

    await runActivity(prepareBackup, { ...where, run })

    expect(disk.objects.size).toBe(1)
  })

  test('uses what it wrote as an older version', async () => {
    const { disk, prepareBackup } = world()
    disk.write(
      `${folder}run.json`,
      JSON.stringify({ run, site: 'home', host: 'nas', format: 'holdfast.run/1', more: 1 }),
    )

    await runActivity(prepareBackup, { ...where, run })
  })

  test('does not write into the backup of another run', async () => {
    const { prepareBackup } = world()
    await runActivity(prepareBackup, { ...where, run })

    await expect(
      runActivity(prepareBackup, { ...where, run: { ...run, runId: 'run-2' } }),
    ).rejects.toMatchObject({
      code: 'object.conflict',
      message: `Backup ${backupId} at destination "disk" belongs to another run: backup/shop/1.`,
    })
  })
})

describe('publish', () => {
  test('writes a manifest that says it all', async () => {
    const { tools, disk, publish } = world()
    disk.write(`${folder}${object.name}`, 'the files')

    const { summary } = await runActivity(publish, input({ description: 'before the upgrade' }))

    const manifest = JSON.parse(disk.text(`${folder}manifest.json`)) as Manifest
    expect(manifest).toMatchObject({
      format: 'holdfast.manifest/1',
      id: backupId,
      site: 'home',
      host: { name: 'nas' },
      takenAt: '2026-03-01T01:30:00.123Z',
      completedAt: '2026-03-05T12:00:00.000Z',
      verdicts: { data: 'complete', services: 'ok' },
      description: 'before the upgrade',
      run,
    })
    expect(summary).toMatchObject({ id: backupId, isGood: true, storedBytes: 9 })
    const found = await tools.catalog.find({ backupId }, new AbortController().signal)
    expect(found.manifest).toEqual(manifest)
  })

  test.each([
    ['complete', true, {}],
    ['degraded', true, { notCapturedCounts: { vanished: 2 } }],
    ['degraded', false, { notCapturedCounts: { vanished: 2, changed: 1 } }],
    ['complete', true, { notCapturedCounts: { changed: 0 } }],
    ['inconsistent', false, { isConsistent: false, notCapturedCounts: { changed: 1 } }],
  ])('calls the data %s, and good: %s', async (data, isGood, change) => {
    const { disk, publish } = world()
    disk.write(`${folder}${object.name}`, 'the files')

    const { summary } = await runActivity(
      publish,
      input({ items: [item(), item({ source: 'other', ...change })] }),
    )

    expect(summary).toMatchObject({ data, isGood })
  })

  test('a subset is not good', async () => {
    const { disk, publish } = world()
    disk.write(`${folder}${object.name}`, 'the files')

    const { summary } = await runActivity(publish, input({ subsetOf: ['uploads'] }))

    expect(summary).toMatchObject({ isGood: false, isSubset: true, data: 'complete' })
  })

  test('a retry finds its own manifest and changes nothing, whatever time it is then', async () => {
    const { tools, disk, publish } = world()
    disk.write(`${folder}${object.name}`, 'the files')
    const first = await runActivity(publish, input())
    const written = disk.text(`${folder}manifest.json`)
    tools.world.now = new Date('2026-03-05T13:00:00.000Z')

    const second = await runActivity(publish, input())

    expect(second).toEqual(first)
    expect(disk.text(`${folder}manifest.json`)).toBe(written)
  })

  test('never replaces the manifest of another run', async () => {
    const { disk, publish } = world()
    disk.write(`${folder}${object.name}`, 'the files')
    await runActivity(publish, input())

    await expect(runActivity(publish, input({ run: { ...run, runId: 'run-2' } }))).rejects.toMatchObject({
      code: 'object.conflict',
    })
  })

  test.each([
    ['ends with a good one', {}, false],
    ['goes on with one that is not good', { isConsistent: false }, true],
  ])('the alarm that there is no fresh backup %s', async (_, change, isOpen) => {
    const { tools, disk, publish } = world()
    disk.write(`${folder}${object.name}`, 'the files')
    tools.world.alarms.set('freshness/shop', 'There is no good backup of shop.')

    await runActivity(publish, input({ items: [item(change)] }))

    expect(tools.world.alarms.has('freshness/shop')).toBe(isOpen)
  })

  test.each<[string, string | undefined, string]>([
    ['is missing', undefined, 'is not there any more'],
    ['is short', 'the', 'has 3 bytes instead of 9'],
  ])('publishes nothing when an object %s', async (_, content, what) => {
    const { disk, publish } = world()
    if (content !== undefined) disk.write(`${folder}${object.name}`, content)

    await expect(runActivity(publish, input())).rejects.toMatchObject({
      code: 'object.corrupt',
      message: `Object ${folder}${object.name} at destination "disk" ${what}: the backup is not published.`,
    })
    expect(disk.objects.has(`${folder}manifest.json`)).toBe(false)
  })
})

describe('discardBackup', () => {
  test('takes away what a run left, its origin last', async () => {
    const { disk, prepareBackup, discardBackup } = world()
    await runActivity(prepareBackup, { ...where, run })
    disk.write(`${folder}a.tar`, 'half')
    disk.write(`${folder}z.tar`, 'half')
    disk.write('plans/shop/other/manifest.json', '{}')

    await runActivity(discardBackup, where)
    await runActivity(discardBackup, where)

    expect([...disk.objects.keys()]).toEqual(['plans/shop/other/manifest.json'])
    expect(disk.calls.filter((call) => call.startsWith('delete')).at(-1)).toBe(`delete ${folder}run.json`)
  })

  test('refuses where there is a manifest', async () => {
    const { tools, disk, discardBackup } = world()
    storeBackup(disk)
    const before = disk.objects.size

    await runActivity(discardBackup, where)

    expect(disk.objects.size).toBe(before)
    expect(tools.world.log.lines[0]?.message).toBe('backup not discarded: it is published')
  })

  test('goes on where it was interrupted', async () => {
    const { disk, prepareBackup, discardBackup } = world()
    await runActivity(prepareBackup, { ...where, run })
    disk.write(`${folder}a.tar`, 'half')
    disk.write(`${folder}z.tar`, 'half')
    disk.failOn = (call) =>
      call === `delete ${folder}z.tar` ? new HoldfastError('destination.unavailable', 'gone') : undefined
    await expect(runActivity(discardBackup, where)).rejects.toMatchObject({ code: 'destination.unavailable' })
    expect(disk.objects.has(`${folder}run.json`)).toBe(true)
    disk.failOn = undefined

    await runActivity(discardBackup, where)

    expect(disk.objects.size).toBe(0)
  })
})

test('a backup much smaller than those before is suspect, says why, and is not good; a subset is compared with nothing', async () => {
  const { disk, publish } = world()
  storeBackup(disk, { at: '2026-02-27T01:30:00.000Z', items: [item({ counts: { files: 100 } })] })
  disk.write(`${folder}${object.name}`, 'the files')
  const careful = { ...job, plausibility: { size: 0.5, count: 0.5 } }

  const { summary } = await runActivity(publish, input({ job: careful }))

  expect(summary).toMatchObject({ data: 'suspect', isSound: true, isGood: false })
  expect((JSON.parse(disk.text(`${folder}manifest.json`)) as Manifest).suspectBecause).toEqual([
    'uploads: 1 counted, less than 50% of 100, the median of the last good one.',
  ])

  disk.objects.delete(`${folder}manifest.json`)
  const part = await runActivity(publish, input({ job: careful, subsetOf: ['uploads'] }))
  expect(part.summary).toMatchObject({ data: 'complete', isSubset: true })
})
