import { createHash } from 'node:crypto'
import { toMark } from '../../activities/catalog/mark-trust.js'
import { addMark } from '../../activities/catalog/marks.js'
import { markActivities } from '../../activities/mark.js'
import { preflightActivities } from '../../activities/preflight.js'
import { replicateActivities } from '../../activities/replicate.js'
import { verifyActivities } from '../../activities/verify.js'
import { sources } from '../../activities/sources/registry.js'
import type { ReplicateInput } from '../../core/copies.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder, manifestName } from '../../core/ids.js'
import type { MarkContent } from '../../core/marks.js'
import { runActivity } from '../fakes/activity.js'
import { storeBackup } from '../fakes/backups.js'
import { storeEncryptedBackup } from '../fakes/encrypted-backups.js'
import { fakeKeys } from '../fakes/keys.js'
import { fakeSite } from '../fakes/site.js'
import { fakeTools } from '../fakes/tools.js'
import { testJob } from '../support/backup-jobs.js'

const signal = new AbortController().signal

function world(keys = fakeKeys([])) {
  const local = (path: string) => ({ type: 'local' as const, path })
  const site = fakeSite({ destinations: { disk: local('/a'), offsite: local('/b') } })
  const tools = fakeTools({ site, keys })
  const { disk, offsite } = tools.world.destinations
  const input: ReplicateInput = {
    ...{ plan: 'shop', site: 'home', from: 'disk', to: 'offsite', timezone: 'UTC', othersAtMost: 10 },
  }
  return {
    ...{ tools, disk: disk!, offsite: offsite! },
    replicate: (changes: Partial<ReplicateInput> = {}) =>
      runActivity(replicateActivities(tools).replicate, { ...input, ...changes }),
    find: (backupId: string) => tools.catalog.find({ backupId }, signal),
    mark: async (backupId: string, content: MarkContent) => {
      const backup = await toMark({ destination: disk!, plan: 'shop', backupId }, tools.keys, signal)
      await addMark(backup, content, { site: tools.site, clock: tools.clock, signal })
    },
  }
}

const OBJECT = 'uploads_20260301_013000.tar'
const putsOf = ({ calls }: { calls: readonly string[] }) =>
  calls.filter((call) => call.startsWith('put')).map((call) => call.slice(call.lastIndexOf('/') + 1))

test('a copy has the same bytes under the same names, and its manifest comes last', async () => {
  const { disk, offsite, replicate } = world()
  const { id } = storeBackup(disk)
  disk.write(`${backupFolder('shop', id)}keys/0123.json`, 'a wrap')
  disk.write(`${backupFolder('shop', id)}manifest.mac`, 'a code')

  const report = await replicate()

  expect(report).toEqual({ destination: 'offsite', copied: [id], bytes: 9, failed: [], left: 0 })
  expect([...offsite.objects].map(([name, { bytes }]) => [name, bytes.toString()]).sort()).toEqual(
    [...disk.objects].map(([name, { bytes }]) => [name, bytes.toString()]).sort(),
  )
  expect(putsOf(offsite)).toEqual(['run.json', '0123.json', OBJECT, 'manifest.mac', 'manifest.json'])
})

test('what is there is not sent again', async () => {
  const { disk, offsite, replicate } = world()
  storeBackup(disk)
  await replicate()
  const before = offsite.calls.filter((call) => call.startsWith('put')).length

  const report = await replicate()

  expect(report).toMatchObject({ copied: [], failed: [] })
  expect(offsite.calls.filter((call) => call.startsWith('put'))).toHaveLength(before)
})

test('a copy that was cut off is no backup, and another attempt sends only what is missing', async () => {
  const { disk, offsite, replicate, tools } = world()
  const { id, items } = storeBackup(disk)
  const second = { ...items[0]!.objects[0]!, name: 'uploads_20260301_013000.index' }
  disk.write(`${backupFolder('shop', id)}${second.name}`, 'the files')
  const { items: _, ...rest } = JSON.parse(disk.text(manifestName('shop', id))) as Record<string, unknown>
  const two = { ...rest, items: [{ ...items[0]!, objects: [items[0]!.objects[0]!, second] }] }
  disk.write(manifestName('shop', id), JSON.stringify(two))
  offsite.failOn = (call) =>
    call.endsWith('.index') && call.startsWith('put')
      ? new HoldfastError('destination.unavailable', 'away')
      : undefined
  await expect(replicate()).rejects.toMatchObject({ code: 'destination.unavailable' })
  const { backups } = await tools.catalog.list({ destination: 'offsite' }, signal)
  expect(backups).toEqual([])
  delete offsite.failOn
  offsite.calls.length = 0

  await replicate()

  expect(putsOf(offsite)).toEqual(['run.json', second.name, 'manifest.json'])
})

test('an object that is not as its manifest says is not copied, and the other backups are', async () => {
  const { disk, offsite, replicate } = world()
  const bad = storeBackup(disk, { at: '2026-03-02T01:30:00Z' })
  const good = storeBackup(disk, { at: '2026-03-01T01:30:00Z' })
  disk.damage(`${backupFolder('shop', bad.id)}${OBJECT}`)

  const report = await replicate()

  expect(report).toMatchObject({ copied: [good.id], failed: [{ backupId: bad.id }] })
  expect(report.failed[0]?.problem).toContain('not as it was recorded')
  expect(offsite.objects.has(`${backupFolder('shop', bad.id)}${OBJECT}`)).toBe(false)
  expect(offsite.objects.has(manifestName('shop', bad.id))).toBe(false)
})

test('an object that is missing, or something else in its place, is said', async () => {
  const { disk, offsite, replicate } = world()
  const missing = storeBackup(disk, { at: '2026-03-02T01:30:00Z' })
  const taken = storeBackup(disk, { at: '2026-03-01T01:30:00Z' })
  disk.objects.delete(`${backupFolder('shop', missing.id)}${OBJECT}`)
  offsite.write(`${backupFolder('shop', taken.id)}${OBJECT}`, 'something else')

  const { copied, failed } = await replicate()

  expect(copied).toEqual([])
  expect(failed.map(({ backupId }) => backupId)).toEqual([missing.id, taken.id])
  expect(offsite.text(`${backupFolder('shop', taken.id)}${OBJECT}`)).toBe('something else')
})

test('what people said of a backup goes with it; deletions and verifications do not', async () => {
  const { disk, offsite, replicate, mark, tools } = world()
  const { id } = storeBackup(disk)
  await mark(id, { kind: 'verified', destination: 'disk', depth: 'readBack' })
  await mark(id, { kind: 'pinned', because: 'the audit' })
  await mark(id, { kind: 'expired', by: 'person', quarantineMs: 1000 })
  await mark(id, { kind: 'undeleted', cancels: [[...disk.objects.keys()].at(-1)!.split('/').at(-1)!] })

  await replicate()

  const { marks } = await tools.catalog.find({ backupId: id, destination: 'offsite' }, signal)
  expect(marks).toMatchObject({ pin: { because: 'the audit' } })
  expect(marks.verification).toBeUndefined()
  expect([...offsite.objects.keys()].filter((name) => name.includes('/marks/'))).toHaveLength(1)
})

test('what was said of an encrypted backup is believed of its copy too: its code goes with it', async () => {
  const { disk, offsite, replicate, mark, tools } = world(fakeKeys(['main']))
  const { id } = await storeEncryptedBackup(disk, ['main'])
  await mark(id, { kind: 'pinned', because: 'the audit' })

  await replicate()

  const { marks } = await tools.catalog.find({ backupId: id, destination: 'offsite' }, signal)
  expect(marks).toMatchObject({ pin: { because: 'the audit' } })
  expect(marks.forged).toBeUndefined()
  expect(putsOf(offsite).slice(-4)).toEqual([
    expect.stringContaining('-pinned.mac') as string,
    expect.stringContaining('-pinned.json') as string,
    ...['manifest.mac', 'manifest.json'],
  ])
})

test('so many of the others as are asked for, newest first, and the rest is counted', async () => {
  const { disk, replicate } = world()
  const days = ['01', '02', '03', '04'].map((day) => storeBackup(disk, { at: `2026-03-${day}T01:30:00Z` }).id)

  const report = await replicate({ othersAtMost: 1, backupId: days[0]! })

  expect(report).toMatchObject({ copied: [days[0], days[3]], left: 2 })
})

test('a destination that is away is tried again, and named', async () => {
  const { disk, replicate } = world()
  storeBackup(disk)

  await expect(replicate({ to: 'nowhere' })).rejects.toMatchObject({ code: 'destination.not-found' })
})

test('a backup is read from its first good copy, and all its copies are known', async () => {
  const { disk, replicate, find, tools } = world()
  const { id } = storeBackup(disk)
  await replicate()
  disk.damage(`${backupFolder('shop', id)}${OBJECT}`)
  const { verify } = verifyActivities(tools, sources)
  await runActivity(verify, { reference: { backupId: id, destination: 'disk' }, depth: 'checksum' })

  const found = await find(id)

  expect(found).toMatchObject({ destination: 'offsite', isGood: true })
  expect(found.copies.map(({ destination, isGood }) => [destination, isGood])).toEqual([
    ['disk', false],
    ['offsite', true],
  ])
  expect(await tools.catalog.find({ backupId: id, destination: 'disk' }, signal)).toMatchObject({
    destination: 'disk',
    isGood: false,
  })
})

test('while the first destination is away, or its manifest is damaged, a copy is found, and that is said', async () => {
  const { disk, replicate, find } = world()
  const { id } = storeBackup(disk)
  await replicate()
  disk.failOn = () => new HoldfastError('destination.unavailable', 'The disk is away.')
  const away = await find(id)
  delete disk.failOn
  disk.write(manifestName('shop', id), 'nothing')

  const broken = await find(id)

  expect(away).toMatchObject({ destination: 'offsite', problems: ['The disk is away.'] })
  expect(broken.destination).toBe('offsite')
  expect(broken.problems?.[0]).toContain('damaged')
})

test('a copy that is deleted is not read, and does not hide the others', async () => {
  const { disk, replicate, find, mark, tools } = world()
  const { id } = storeBackup(disk)
  await replicate()
  await mark(id, { kind: 'expired', by: 'retention', quarantineMs: 3_600_000 })

  const listed = await find(id)
  const all = await tools.catalog.find({ backupId: id, among: 'all' }, signal)

  expect(listed.copies.map(({ destination }) => destination)).toEqual(['offsite'])
  expect(all).toMatchObject({ destination: 'offsite', copies: [{ destination: 'disk' }, {}] })
})

test('a mark is made at the copy that it is asked for', async () => {
  const { disk, offsite, replicate, tools } = world()
  const { id } = storeBackup(disk)
  await replicate()

  const reference = { backupId: id, destination: 'offsite' }
  await runActivity(markActivities(tools).markBackup, { reference, change: 'pin' })

  const marked = ({ objects }: typeof disk) => [...objects.keys()].some((name) => name.includes('-pinned'))
  expect([marked(disk), marked(offsite)]).toEqual([false, true])
})

test('before a run, a destination of copies that is away is a warning; the first one is an error', async () => {
  const { tools, offsite, disk } = world()
  const job = { ...testJob('shop'), sets: [], destinations: ['disk', 'offsite'] }
  const away = new HoldfastError('destination.not-mounted', 'It has lost its marker.')
  const { preflight } = preflightActivities(tools)

  offsite.failOn = () => away
  const found = await runActivity(preflight, { job })
  delete offsite.failOn
  disk.failOn = () => away

  expect(found.warnings).toEqual(['There may be no copy at "offsite": It has lost its marker.'])
  await expect(runActivity(preflight, { job })).rejects.toMatchObject({ code: 'destination.not-mounted' })
})

test('an object of many chunks arrives whole', async () => {
  const { disk, offsite, replicate } = world()
  const bytes = Buffer.alloc(3_000_000, 7)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { id, items } = storeBackup(disk)
  const object = { ...items[0]!.objects[0]!, storedBytes: bytes.length, storedSha256: sha256 }
  const manifest = JSON.parse(disk.text(manifestName('shop', id))) as object
  disk.write(
    manifestName('shop', id),
    JSON.stringify({ ...manifest, items: [{ ...items[0]!, objects: [object] }] }),
  )
  disk.write(`${backupFolder('shop', id)}${OBJECT}`, bytes)

  const report = await replicate()

  expect(report.bytes).toBe(3_000_000)
  expect(offsite.objects.get(`${backupFolder('shop', id)}${OBJECT}`)?.bytes.equals(bytes)).toBe(true)
})
