import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalEntry } from '../../activities/journal/journal.js'
import { restoreActivities } from '../../activities/restore.js'
import { restoreRecords, type RestoreRecord } from '../../activities/restore-records.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder, manifestName } from '../../core/ids.js'
import type { HoldSpec } from '../../core/job.js'
import type { LeaseGrant } from '../../core/work/holds.js'
import type { RestoreRequest, StagedItem } from '../../core/work/restore.js'
import { activityEnvironment, runActivity } from '../fakes/activity.js'
import { item, plainObject, storeBackup } from '../fakes/backups.js'
import { fakeSite } from '../fakes/site.js'
import { fakeDrivers } from '../fakes/source-driver.js'
import { fakeTools } from '../fakes/tools.js'

let stateDir: string
beforeEach(async () => (stateDir = await mkdtemp(join(tmpdir(), 'restore-'))))
afterEach(() => rm(stateDir, { recursive: true }))

const hold: HoldSpec = {
  services: ['docker:web'],
  mode: 'stop',
  maxDowntimeMs: 600_000,
  stopTimeoutMs: 30_000,
  onInconsistent: 'keep',
  healthyWithinMs: 60_000,
}
const grant: LeaseGrant = {
  service: 'docker:web',
  leaseId: 'a-lease',
  stoppedAt: '2026-03-05T12:00:00.000Z',
  stateBefore: 'running',
  mode: 'stop',
}
const sourceOf = (source: string) =>
  item({
    source,
    hold,
    spec: { type: 'files', paths: [`/srv/${source}`] },
    objects: [plainObject(`${source}.tar`, 'the files')],
  })

function world(changes: Parameters<typeof storeBackup>[1] = {}) {
  const tools = fakeTools({ site: fakeSite({ stateDir }) })
  tools.world.services.set('docker:web', { service: 'docker:web', state: 'running' })
  const disk = tools.world.destinations.disk!
  const { id } = storeBackup(disk, { items: ['one', 'two', 'three'].map(sourceOf), ...changes })
  const fake = fakeDrivers()
  const activities = restoreActivities(tools, fake.drivers)
  const restoreId = `${id}/1`
  const scope = {
    plan: 'shop',
    sources: ['one', 'two', 'three'].map((source) => ({ source, type: 'files' })),
    hold,
  }
  const request = (more: Partial<RestoreRequest> = {}): RestoreRequest => ({
    reference: { backupId: id },
    ...more,
  })
  return {
    tools,
    disk,
    id,
    fake,
    restoreId,
    folder: backupFolder('shop', id),
    preview: (more?: Partial<RestoreRequest>) =>
      runActivity(activities.previewRestore, request(more), restoreId),
    stage: (source: string, more?: Partial<RestoreRequest>) =>
      runActivity(activities.stageRestore, {
        restoreId,
        backupId: id,
        destination: 'disk',
        source,
        request: request(more),
        scope,
      }),
    swap: (items: readonly StagedItem[], grants?: readonly LeaseGrant[]) =>
      runActivity(activities.swapRestore, items, grants),
    discard: (items: readonly StagedItem[]) => runActivity(activities.discardRestore, items),
    undo: () => runActivity(activities.undoRestore, restoreId),
    previewUndo: () => runActivity(activities.previewUndo, restoreId),
    activities,
    record: async () =>
      JSON.parse(
        await readFile(join(stateDir, 'restores', `${encodeURIComponent(restoreId)}.json`), 'utf8'),
      ) as Record<string, unknown>,
  }
}

const stageAll = async ({ stage }: ReturnType<typeof world>) => [
  await stage('one'),
  await stage('two'),
  await stage('three'),
]

describe('preview', () => {
  test('says what would be replaced and stopped, and touches nothing', async () => {
    const { id, fake, preview } = world()

    expect(await preview()).toEqual({
      backupId: id,
      destination: 'disk',
      plan: 'shop',
      host: 'nas',
      takenAt: '2026-03-01T01:30:00.000Z',
      items: ['one', 'two', 'three'].map((source) => ({
        source,
        type: 'files',
        effects: [`replaces /srv/${source}`],
        bytes: 9,
        notCaptured: 0,
      })),
      hold,
      warnings: [],
    })
    expect(fake.calls).toEqual(['preview one', 'preview two', 'preview three'])
    expect(await readdir(stateDir)).not.toContain('restores')
  })

  test('stops nothing when nothing in place is replaced', async () => {
    const { preview } = world()

    expect((await preview({ to: '/srv/restore' })).hold).toBeUndefined()
  })

  test('is refused where a service would not come back from its stop', async () => {
    const { tools, preview } = world()
    tools.world.services.set('docker:web', { service: 'docker:web', state: 'running', endsWithStop: true })

    await expect(preview()).rejects.toMatchObject({ code: 'service.invalid' })
  })

  test('does without services that are not there any more, and says so', async () => {
    const { tools, preview } = world()
    tools.world.services.clear()

    const { hold: left, warnings } = await preview()

    expect(left).toBeUndefined()
    expect(warnings).toEqual(['Service docker:web does not exist here: it is neither stopped nor started.'])
  })

  test.each<[string, Parameters<typeof storeBackup>[1], string]>([
    [
      'of what was not captured',
      {
        items: [
          item({ notCaptured: [{ path: '/srv/a', cause: 'changed' }], notCapturedCounts: { changed: 2 } }),
        ],
      },
      'uploads: 2 files not captured as they were (2 changed): /srv/a, …',
    ],
    [
      'of a backup that is inconsistent',
      { verdicts: { data: 'inconsistent', services: 'ok' } },
      'is inconsistent',
    ],
    ['of a backup that is only a part', { subsetOf: ['one'] }, 'has only a part of its plan: one.'],
    [
      'of another host',
      { host: { name: 'old', os: 'linux', architecture: 'x64' } },
      'was taken on host "old"; this is host "nas".',
    ],
  ])('warns %s', async (_, changes, warning) => {
    expect((await world(changes).preview()).warnings).toContainEqual(expect.stringContaining(warning))
  })

  test.each<[string, (one: ReturnType<typeof world>) => void]>([
    ['an object is missing', ({ disk, folder }) => disk.objects.delete(`${folder}two.tar`)],
    ['an object is short', ({ disk, folder }) => disk.write(`${folder}two.tar`, 'the')],
    ['the manifest is damaged', ({ disk, id }) => disk.damage(manifestName('shop', id))],
  ])('refuses a damaged backup: %s', async (_, damage) => {
    const one = world()
    damage(one)

    await expect(one.preview()).rejects.toMatchObject({ code: 'backup.corrupt' })
    expect(one.fake.calls).toEqual([])
  })

  test('restores what is whole of a damaged backup, when only that is asked for', async () => {
    const { disk, folder, preview } = world()
    disk.objects.delete(`${folder}two.tar`)

    expect((await preview({ sources: ['one'] })).items).toHaveLength(1)
  })

  test('says everything that is in the way at once', async () => {
    const { tools, fake, preview } = world()
    tools.world.forbidden.add('restore /srv/one').add('service docker:web')
    fake.failOn = (call) =>
      call === 'preview two' ? new HoldfastError('restore.no-space', 'No space.') : undefined

    await expect(preview()).rejects.toMatchObject({
      code: 'restore.not-allowed',
      message: expect.stringMatching(
        /^3 things .*\n- Not allowed: restore \/srv\/one\.\n- No space\.\n- Not allowed: service/,
      ) as string,
    })
  })

  test('goes elsewhere only where this host allows it', async () => {
    const { tools, preview } = world()
    tools.world.forbidden.add('restore /etc')

    await expect(preview({ to: '/etc' })).rejects.toMatchObject({ code: 'restore.not-allowed' })
  })
})

describe('staging', () => {
  test('lays an item beside its place and remembers it', async () => {
    const one = world()

    const staged = await one.stage('one')

    expect(staged).toMatchObject({ source: 'one', type: 'files', restoreId: one.restoreId })
    expect(await one.record()).toMatchObject({ state: 'staged', backupId: one.id, items: [staged] })
  })

  test('reads every byte first, when asked to', async () => {
    const { disk, folder, fake, stage } = world()
    disk.damage(`${folder}one.tar`, 3)

    await expect(stage('one', { verifyFirst: true })).rejects.toMatchObject({ code: 'backup.corrupt' })
    expect(fake.calls).toEqual([])
  })

  test('fails on a damaged object in any case', async () => {
    const { disk, folder, stage } = world()
    disk.damage(`${folder}one.tar`, 3)

    await expect(stage('one')).rejects.toMatchObject({ code: 'object.corrupt' })
  })

  test('checks again what this host allows', async () => {
    const { tools, fake, stage } = world()
    tools.world.forbidden.add('restore /srv/one')

    await expect(stage('one')).rejects.toMatchObject({ code: 'restore.not-allowed' })
    expect(fake.calls).toEqual([])
  })

  test('may run twice', async () => {
    const one = world()
    await stageAll(one)

    await one.stage('two')

    expect(((await one.record()).items as StagedItem[]).map(({ source }) => source)).toEqual([
      'one',
      'three',
      'two',
    ])
  })
})

describe('swapping', () => {
  test('puts everything in its place and remembers where the old is', async () => {
    const one = world()
    const staged = await stageAll(one)

    const swapped = await one.swap(staged)

    expect(swapped[1]).toEqual({ source: 'two', safetyCopies: ['/srv/.two.old'], restored: ['/srv/two'] })
    expect(await one.record()).toMatchObject({ state: 'swapped', items: staged })
  })

  test.each<[string, (one: ReturnType<typeof world>) => unknown]>([
    ['runs again', () => undefined],
    ['is gone', ({ tools }) => tools.world.services.delete('docker:web')],
  ])('touches nothing when a service that was stopped for it %s', async (_, happens) => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.calls.length = 0
    happens(one)

    await expect(one.swap(staged, [grant])).rejects.toMatchObject({
      code: 'restore.failed',
      message: 'docker:web does not stand still: the swap was not begun.',
      details: { state: 'undone' },
    })
    expect(one.fake.calls).toEqual([])
    expect(await one.record()).toMatchObject({ state: 'staged' })
  })

  test('begins when the services stand still, whoever has stopped them last', async () => {
    const one = world()
    const startedAt = '2026-03-06T00:00:00.000Z'
    one.tools.world.services.set('docker:web', { service: 'docker:web', state: 'stopped', startedAt })

    expect(await one.swap(await stageAll(one), [grant])).toHaveLength(3)
  })

  test('does not say that all is as before where an earlier swap had begun and a service runs', async () => {
    const one = world()
    const staged = await stageAll(one)
    const records = restoreRecords(stateDir)
    await records.write({ ...(await records.require(one.restoreId)), state: 'swapping' })

    const error: unknown = await one.swap(staged, [grant]).catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ code: 'restore.failed', details: undefined })
    expect(await one.record()).toMatchObject({ state: 'swapping' })
  })

  test('puts all back when one fails', async () => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.calls.length = 0
    one.fake.failOn = (call) =>
      call === 'swap two' ? new HoldfastError('database.conflict', 'In use.') : undefined

    await expect(one.swap(staged)).rejects.toMatchObject({
      code: 'restore.failed',
      message: 'Restoring "two" failed: In use. Everything is as it was before.',
      details: { state: 'undone' },
    })
    expect(one.fake.calls).toEqual(['swap one', 'swap two', 'discard two', 'discard one'])
  })

  test('does not swap again what was put back, and says what it had said', async () => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.failOn = (call) =>
      call === 'swap two' ? new HoldfastError('database.conflict', 'In use.') : undefined
    await expect(one.swap(staged)).rejects.toThrow()
    one.fake.failOn = undefined
    one.fake.calls.length = 0

    await expect(one.swap(staged)).rejects.toMatchObject({
      code: 'restore.failed',
      details: { state: 'undone' },
    })
    expect(one.fake.calls).toEqual([])
  })

  test('says exactly what is where when not all can be put back', async () => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.failOn = (call) =>
      ['swap two', 'discard one'].includes(call) ? new Error(`${call} broke`) : undefined

    await expect(one.swap(staged)).rejects.toMatchObject({
      code: 'restore.failed',
      message: [
        'Restoring "two" failed: swap two broke',
        'Not all could be put back:',
        '- one: discard one broke',
        '  the old /srv/one is there or at /srv/.one.old; the restored one is there or at /srv/.one.new',
      ].join('\n'),
      details: { state: 'half-undone' },
    })
    expect(await one.record()).toMatchObject({ state: 'half-undone' })
    await expect(one.stage('one')).rejects.toMatchObject({ code: 'restore.not-allowed' })
  })

  test('puts all back when it is cancelled in the middle', async () => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.calls.length = 0
    const environment = activityEnvironment()
    one.fake.failOn = (call) => (call === 'swap one' ? void environment.cancel() : undefined)

    await expect(environment.run(one.activities.swapRestore, staged)).rejects.toMatchObject({
      code: 'restore.failed',
    })
    expect(one.fake.calls).toEqual(['swap one', 'discard two', 'discard one'])
  })

  test('touches nothing that was not staged here', async () => {
    const one = world()
    const [staged] = await stageAll(one)
    const forged = {
      ...staged!,
      moves: [{ kind: 'path' as const, target: '/etc', staged: '/tmp/evil', safety: '/tmp/etc' }],
    }
    one.fake.calls.length = 0

    await expect(one.swap([forged])).rejects.toMatchObject({ code: 'restore.not-allowed' })
    await expect(one.discard([forged])).rejects.toMatchObject({ code: 'restore.not-allowed' })
    await expect(one.swap([{ ...staged!, restoreId: 'other/1' }])).rejects.toMatchObject({
      code: 'restore.not-allowed',
    })
    expect(one.fake.calls).toEqual([])
  })
})

describe('discarding', () => {
  test('clears away what was staged, the last first, and forgets it', async () => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.calls.length = 0

    await one.discard(staged)
    await one.discard(staged)

    expect(one.fake.calls).toEqual(['discard three', 'discard two', 'discard one'])
    expect(await readdir(join(stateDir, 'restores'))).toEqual([])
  })

  test('forgets only what it is told', async () => {
    const one = world()
    const [first] = await stageAll(one)

    await one.discard([first!])

    expect(((await one.record()).items as StagedItem[]).map(({ source }) => source)).toEqual(['two', 'three'])
  })
})

describe('undoing', () => {
  test('brings back what a complete restore has replaced, the last first, and says so', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    one.fake.calls.length = 0

    const undone = await one.undo()

    expect(one.fake.calls).toEqual([
      ...['kept one', 'kept two', 'kept three'],
      ...['discard three', 'discard two', 'discard one'],
    ])
    expect(undone[0]).toEqual({
      source: 'one',
      safetyCopies: [],
      restored: ['/srv/one is as it was before the restore'],
    })
    expect(await one.record()).toMatchObject({ state: 'undone', items: [] })
  })

  test('says beforehand what it would do, and changes nothing', async () => {
    const one = world()
    await one.swap(await stageAll(one))

    const effects = await one.previewUndo()

    expect(effects).toHaveLength(3)
    expect(effects[0]).toContain('brings back what /srv/one was before')
    expect(await one.record()).toMatchObject({ state: 'swapped' })
  })

  test('removes what was staged and never used', async () => {
    const one = world()
    await one.stage('one')

    await one.undo()

    expect(one.fake.calls.at(-1)).toBe('discard one')
    expect(await one.record()).toMatchObject({ state: 'undone', items: [] })
  })

  test('goes on where it was interrupted, also when some of the old data is back already', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    one.fake.failOn = (call) => (call === 'discard two' ? new Error('killed') : undefined)
    await expect(one.undo()).rejects.toThrow('killed')
    expect(await one.record()).toMatchObject({ state: 'undoing' })
    one.fake.failOn = undefined
    one.fake.safetyCopies.delete('/srv/.three.old')

    await one.undo()
    await one.undo()

    expect(await one.record()).toMatchObject({ state: 'undone' })
  })

  test('takes back what a failed swap could not', async () => {
    const one = world()
    const staged = await stageAll(one)
    one.fake.failOn = (call) => (['swap two', 'discard one'].includes(call) ? new Error('broke') : undefined)
    await expect(one.swap(staged)).rejects.toMatchObject({ details: { state: 'half-undone' } })
    one.fake.failOn = undefined

    await one.undo()

    expect(await one.record()).toMatchObject({ state: 'undone' })
    expect(await one.record()).not.toHaveProperty('failure')
  })

  test('is refused when a safety copy is gone: nothing would be left in place of the restored data', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    one.fake.safetyCopies.delete('/srv/.two.old')
    one.fake.calls.length = 0

    await expect(one.undo()).rejects.toMatchObject({
      code: 'restore.conflict',
      message: expect.stringContaining('/srv/.two.old, is gone. Nothing was touched.') as string,
    })
    await expect(one.previewUndo()).rejects.toMatchObject({ code: 'restore.conflict' })
    expect(one.fake.calls.filter((call) => call.startsWith('discard'))).toEqual([])
    expect(await one.record()).toMatchObject({ state: 'swapped' })
  })

  test('is refused while a later restore lies over it', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    one.tools.world.now = new Date(one.tools.world.now.getTime() + 1000)
    const { items: _, ...record } = await one.record()
    const items = [{ source: 'one', type: 'files', restoreId: `${one.id}/2`, moves: moveOf('one') }]
    await restoreRecords(stateDir).write({
      ...(record as unknown as RestoreRecord),
      ...{ restoreId: `${one.id}/2`, items, swappedAt: one.tools.world.now.toISOString() },
    })

    await expect(one.undo()).rejects.toMatchObject({
      code: 'restore.conflict',
      hint: expect.stringContaining(`restore undo ${one.id}/2`) as string,
    })
  })

  test('of a restore that nobody knows says so', async () => {
    await expect(world().undo()).rejects.toMatchObject({ code: 'restore.not-found' })
  })

  test('waits for nobody without end: while another process is at work on the restore it says so', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    const records = restoreRecords(stateDir, 100)

    const second = records.withLock(one.restoreId, signal, () =>
      records.withLock(one.restoreId, signal, async () => undefined),
    )

    await expect(second).rejects.toMatchObject({
      code: 'lock.taken',
      message: expect.stringContaining('still at work on restore') as string,
    })
  })
})

describe('what the host remembers', () => {
  const entry = (service: string, restoreId?: string) =>
    ({ service, lease: 'write', ...(restoreId === undefined ? {} : { restoreId }) }) as JournalEntry

  test('how far each restore came, and which services are down for it and no other', async () => {
    const one = world()
    const read = (restoreId: string) => async (service: string) => entry(service, restoreId)
    const withEntries = (restoreId: string) =>
      restoreActivities(
        { ...one.tools, journal: { ...one.tools.journal, read: read(restoreId) } },
        one.fake.drivers,
      )
    await one.stage('one')

    const own = await runActivity(withEntries(one.restoreId).showRestore, one.restoreId)
    const other = await runActivity(withEntries('another/1').showRestore, one.restoreId)

    expect(own).toMatchObject({ state: 'staged', down: ['docker:web'], scope: { plan: 'shop' } })
    expect(other.down).toEqual([])
  })

  test('a record that cannot be read is named, and hides no other', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    await writeFile(join(stateDir, 'restores', 'damaged%2F1.json'), '{')
    const journal = { ...one.tools.journal, read: async () => undefined }

    const { restores, problems } = await runActivity(
      restoreActivities({ ...one.tools, journal }, one.fake.drivers).listRestores,
    )

    expect(restores).toMatchObject([{ restoreId: one.restoreId, state: 'swapped', down: [] }])
    expect(problems).toEqual([expect.stringContaining('damaged/1')])
  })
})

describe('where the data of a restore is', () => {
  const describing = (one: ReturnType<typeof world>) => {
    const journal = { ...one.tools.journal, read: async () => undefined }
    const { describeRestore } = restoreActivities({ ...one.tools, journal }, one.fake.drivers)
    return runActivity(describeRestore, one.restoreId)
  }

  test('beside its place, then in its place, with the old data kept, then nowhere', async () => {
    const one = world()
    const items = await stageAll(one)
    const staged = await describing(one)
    await one.swap(items)
    const swapped = await describing(one)
    await one.undo()
    const undone = await describing(one)

    expect(staged.places).toContainEqual(expect.objectContaining({ source: 'one', holds: 'old' }))
    expect(
      swapped.places.map(({ source, holds, safetyCopy }) => [source, holds, safetyCopy?.isThere]),
    ).toEqual([
      ['one', 'new', true],
      ['two', 'new', true],
      ['three', 'new', true],
    ])
    expect(undone).toMatchObject({ state: 'undone', places: [] })
  })

  test('what cannot be looked at is a problem, and hides nothing else', async () => {
    const one = world()
    await one.swap(await stageAll(one))
    one.fake.drivers.files.kept = async () => {
      throw new HoldfastError('database.unreachable', 'PostgreSQL does not answer.')
    }

    const { places, problems } = await describing(one)

    expect(places).toHaveLength(3)
    expect(problems).toContainEqual(expect.stringContaining('PostgreSQL does not answer'))
  })
})

describe('an alarm about half restored data', () => {
  test.each(['swap', 'undo'] as const)('ends with a %s that comes to its end', async (verb) => {
    const one = world()
    const items = await stageAll(one)
    if (verb === 'undo') await one.swap(items)
    one.tools.world.alarms.set(`half-restored/${one.restoreId}`, 'it died')

    await (verb === 'swap' ? one.swap(items) : one.undo())

    expect(one.tools.world.alarms.size).toBe(0)
  })

  test('can be told from one at work: the record names the run that replaces the data', async () => {
    const one = world()
    const items = await stageAll(one)
    let during: Record<string, unknown> = {}
    const swap = one.fake.drivers.files.swap.bind(one.fake.drivers.files)
    one.fake.drivers.files.swap = async (...given) => {
      during = await one.record()
      return swap(...given)
    }

    await one.swap(items)

    expect(during).toMatchObject({
      state: 'swapping',
      run: { workflowId: 'test', runId: expect.any(String) as string },
    })
  })
})

const signal = new AbortController().signal
const moveOf = (source: string) => [
  {
    kind: 'path' as const,
    target: `/srv/${source}`,
    staged: `/srv/.${source}.2`,
    safety: `/srv/.${source}.before`,
  },
]
