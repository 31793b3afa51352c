import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from '../../../activities/catalog/catalog.js'
import { createCatalog } from '../../../activities/catalog/create-catalog.js'
import { HoldfastError } from '../../../core/errors.js'
import { manifestName } from '../../../core/ids.js'
import { item, storeBackup } from '../../fakes/backups.js'
import { fakeDestination, type FakeDestination } from '../../fakes/destination.js'
import { fakeKeys } from '../../fakes/keys.js'
import { fakeLog } from '../../fakes/log.js'
import { fakeSite } from '../../fakes/site.js'

const signal = new AbortController().signal
let cacheFolder: string
let disk: FakeDestination
let cloud: FakeDestination

beforeEach(async () => {
  cacheFolder = join(await mkdtemp(join(tmpdir(), 'catalog-')), 'manifests')
  disk = fakeDestination('disk')
  cloud = fakeDestination('cloud')
})
afterEach(() => rm(join(cacheFolder, '..'), { recursive: true }))

const settings = { type: 'local', path: '/backups' } as const
const catalog = (destinations: Record<string, FakeDestination> = { disk }): Catalog =>
  createCatalog({
    destinations: async (name) => destinations[name]!,
    site: fakeSite({
      destinations: Object.fromEntries(Object.keys(destinations).map((name) => [name, settings])),
    }),
    keys: fakeKeys([]),
    wantedKeys: async () => () => undefined,
    cacheFolder,
    log: fakeLog(),
  })
const manifestsRead = (destination: FakeDestination) =>
  destination.calls.filter((call) => call.startsWith('get ') && call.endsWith('/manifest.json')).length
const idsOf = async (listed: ReturnType<Catalog['list']>) => (await listed).backups.map(({ id }) => id)

describe('listing', () => {
  test('shows what has a manifest, oldest first, from every destination', async () => {
    const second = storeBackup(disk, { at: '2026-03-02T00:00:00Z' })
    const first = storeBackup(cloud, { at: '2026-03-01T00:00:00Z', plan: 'blog' })
    disk.write('plans/shop/20260303-000000-shop-000000/run.json', '{}')
    disk.write('holdfast.json', '{}')

    const { backups, problems } = await catalog({ disk, cloud }).list({}, signal)

    expect(backups.map(({ id, destination }) => [id, destination])).toEqual([
      [first.id, 'cloud'],
      [second.id, 'disk'],
    ])
    expect(problems).toEqual([])
  })

  test('filters by plan, source, type, destination and time', async () => {
    const files = storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    const database = storeBackup(disk, {
      at: '2026-03-02T00:00:00Z',
      items: [item({ source: 'orders', type: 'postgres', spec: { type: 'postgres', database: 'orders' } })],
    })
    const blog = storeBackup(cloud, { at: '2026-03-03T00:00:00Z', plan: 'blog' })
    const listed = (filter: Parameters<Catalog['list']>[0]) =>
      idsOf(catalog({ disk, cloud }).list(filter, signal))

    expect(await listed({ plan: 'blog' })).toEqual([blog.id])
    expect(await listed({ source: 'orders' })).toEqual([database.id])
    expect(await listed({ type: 'files', plan: 'shop' })).toEqual([files.id])
    expect(await listed({ destination: 'cloud' })).toEqual([blog.id])
    expect(await listed({ since: '2026-03-02T00:00:00Z' })).toEqual([database.id, blog.id])
  })

  test('reads each manifest once, also for another process', async () => {
    storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    await catalog().list({}, signal)
    storeBackup(disk, { at: '2026-03-02T00:00:00Z' })

    const again = await catalog().list({}, signal)

    expect(again.backups).toHaveLength(2)
    expect(manifestsRead(disk)).toBe(2)
  })

  test('reads a manifest again that is of another size or time', async () => {
    const { plan, id } = storeBackup(disk, { description: 'one' })
    await catalog().list({}, signal)
    disk.objects.get(manifestName(plan, id))!.modifiedAt = new Date(0)

    await catalog().list({}, signal)

    expect(manifestsRead(disk)).toBe(2)
  })

  test('forgets what is gone, and only that', async () => {
    const gone = storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    const left = storeBackup(disk, { at: '2026-03-02T00:00:00Z' })
    const other = storeBackup(disk, { at: '2026-03-02T00:00:00Z', plan: 'blog' })
    await catalog().list({}, signal)
    disk.objects.delete(manifestName(gone.plan, gone.id))

    await catalog().list({ plan: 'shop' }, signal)

    const cached = await readFile(join(cacheFolder, 'disk.jsonl'), 'utf8')
    expect(cached).not.toContain(gone.id)
    expect(cached).toContain(left.id)
    expect(cached).toContain(other.id)
  })

  test.each([
    ['cut off in the middle', (whole: Buffer) => whole.subarray(0, whole.length - 20)],
    ['full of something else', () => Buffer.from('\0\xff{"a":1}\nnull\n[]\n')],
    [
      'of another version',
      (whole: Buffer) => Buffer.from(whole.toString().replace('summaries/1', 'summaries/0')),
    ],
  ])('needs no cache: it is %s', async (_, damage) => {
    storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    storeBackup(disk, { at: '2026-03-02T00:00:00Z' })
    const before = await catalog().list({}, signal)
    const file = join(cacheFolder, 'disk.jsonl')
    await writeFile(file, damage(await readFile(file)))

    expect(await catalog().list({}, signal)).toEqual(before)
    expect(await catalog().list({}, signal)).toEqual(before)
  })

  test('ignores lines of the cache that are damaged', async () => {
    const { id } = storeBackup(disk)
    await catalog().list({}, signal)
    await appendFile(join(cacheFolder, 'disk.jsonl'), '{"name":"plans/shop/x/manifest.json"}\nnull\n{"na')

    expect(await idsOf(catalog().list({}, signal))).toEqual([id])
    expect(manifestsRead(disk)).toBe(1)
  })

  test('keeps the cache to itself', async () => {
    storeBackup(disk)

    await catalog().list({}, signal)

    expect((await stat(cacheFolder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(cacheFolder, 'disk.jsonl'))).mode & 0o777).toBe(0o600)
  })

  test('answers although the cache cannot be written', async () => {
    await writeFile(cacheFolder, 'a file where the folder should be')
    const { id } = storeBackup(disk)

    expect(await idsOf(catalog().list({}, signal))).toEqual([id])
  })

  test('names what is damaged or newer, and shows the rest', async () => {
    const good = storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    const damaged = storeBackup(disk, { at: '2026-03-02T00:00:00Z' })
    storeBackup(disk, { at: '2026-03-03T00:00:00Z', format: 'holdfast.manifest/2' as never })
    disk.damage(manifestName(damaged.plan, damaged.id))

    const { backups, problems } = await catalog().list({}, signal)

    expect(backups.map(({ id }) => id)).toEqual([good.id])
    expect(problems).toEqual([
      expect.stringContaining(`The manifest of backup ${damaged.id} at destination "disk" is damaged`),
      expect.stringContaining('written as holdfast.manifest/2'),
    ])
  })

  test.each([
    ['No route to host.', 'Destination "cloud": No route to host.'],
    ['Destination "cloud": no route to host.', 'Destination "cloud": no route to host.'],
    ['Destination "cloud" is full.', 'Destination "cloud" is full.'],
  ])('names a destination that says "%s", once, and shows the others', async (said, problem) => {
    const { id } = storeBackup(disk)
    cloud.failOn = () => new HoldfastError('destination.unavailable', said)

    const { backups, problems } = await catalog({ disk, cloud }).list({}, signal)

    expect(backups.map((backup) => backup.id)).toEqual([id])
    expect(problems).toEqual([problem])
  })

  test('takes no notice of a backup that expires meanwhile', async () => {
    const { plan, id } = storeBackup(disk)
    disk.failOn = (call) =>
      call.startsWith('get') && disk.objects.delete(manifestName(plan, id)) ? undefined : undefined

    expect(await catalog().list({}, signal)).toEqual({ backups: [], problems: [] })
  })

  test('stops when it is cancelled', async () => {
    storeBackup(disk)
    const cancelled = new AbortController()
    disk.failOn = () => void cancelled.abort(new Error('cancelled'))

    await expect(catalog().list({}, cancelled.signal)).rejects.toThrow('cancelled')
  })

  test('says when a destination is not known', async () => {
    await expect(catalog().list({ destination: 'tape' }, signal)).rejects.toMatchObject({
      code: 'destination.not-found',
      hint: 'Choose one of: disk.',
    })
  })
})

describe('finding', () => {
  test('finds by whole id without a look at any other', async () => {
    const { id } = storeBackup(disk)
    storeBackup(disk, { at: '2026-03-02T00:00:00Z' })

    const { destination, manifest, isGood } = await catalog().find({ backupId: id }, signal)

    expect([destination, manifest.id, isGood]).toEqual(['disk', id, true])
    expect(disk.calls[0]).toBe(`list plans/shop/${id}/`)
  })

  test('finds by a beginning that only one has', async () => {
    const { id } = storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    storeBackup(disk, { at: '2026-04-01T00:00:00Z' })

    expect((await catalog().find({ backupId: '202603' }, signal)).manifest.id).toBe(id)
  })

  test('takes copies at two destinations for one backup', async () => {
    const { id } = storeBackup(disk)
    storeBackup(cloud)

    expect((await catalog({ disk, cloud }).find({ backupId: id.slice(0, 10) }, signal)).destination).toBe(
      'disk',
    )
    expect(
      (await catalog({ disk, cloud }).find({ backupId: id, destination: 'cloud' }, signal)).destination,
    ).toBe('cloud')
  })

  test('names those that begin alike', async () => {
    const one = storeBackup(disk, { at: '2026-03-01T00:00:00Z' })
    const other = storeBackup(disk, { at: '2026-03-02T00:00:00Z' })

    await expect(catalog().find({ backupId: '2026' }, signal)).rejects.toMatchObject({
      code: 'backup.ambiguous',
      message: `2 backups have an id that begins with "2026": ${one.id}, ${other.id}.`,
    })
  })

  test('says when there is none, and when it could not look', async () => {
    await expect(catalog().find({ backupId: '2026' }, signal)).rejects.toMatchObject({
      code: 'backup.not-found',
    })

    cloud.failOn = () => new HoldfastError('destination.not-mounted', 'Is it mounted?')
    await expect(catalog({ disk, cloud }).find({ backupId: '2026' }, signal)).rejects.toMatchObject({
      code: 'destination.not-mounted',
    })
  })

  test.each<[string, (text: string) => string, string]>([
    ['cut', (text) => text.slice(0, -10), 'backup.corrupt'],
    ['of another backup', (text) => text.replace(/-7f3a2c/, '-ffffff'), 'backup.corrupt'],
    [
      'with a name that leads out of its folder',
      (text) => text.replace('"uploads_', '"../uploads_'),
      'backup.corrupt',
    ],
    [
      'with a time that is none',
      (text) => text.replaceAll('2026-03-01T01:3', '2026-13-41T01:3'),
      'backup.corrupt',
    ],
    ['of another kind', () => '[]', 'backup.corrupt'],
    ['of a newer version', (text) => text.replace('manifest/1', 'manifest/7'), 'backup.version'],
  ])('refuses a manifest that is %s', async (_, change, code) => {
    const { plan, id } = storeBackup(disk)
    disk.write(manifestName(plan, id), change(disk.text(manifestName(plan, id))))

    await expect(catalog().find({ backupId: id }, signal)).rejects.toMatchObject({ code })
  })
})
