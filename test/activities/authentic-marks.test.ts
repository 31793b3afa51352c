import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expireActivities } from '../../activities/expire.js'
import { markActivities } from '../../activities/mark.js'
import { verifyActivities } from '../../activities/verify.js'
import { marksFolder } from '../../core/ids.js'
import type { MarkContent } from '../../core/marks.js'
import type { MarkChange } from '../../core/work/catalog.js'
import { runActivity } from '../fakes/activity.js'
import { storeBackup } from '../fakes/backups.js'
import { fakeDestination, type FakeDestination } from '../fakes/destination.js'
import { storeEncryptedBackup } from '../fakes/encrypted-backups.js'
import { fakeKeys } from '../fakes/keys.js'
import { fakeSite } from '../fakes/site.js'
import { fakeTools, type FakeTools } from '../fakes/tools.js'

const { signal } = new AbortController()
const YEAR_MS = 365 * 86_400_000
const suspect = { verdicts: { data: 'suspect', services: 'ok' } } as const

let stateDir: string
let disk: FakeDestination
let tools: FakeTools
let id: string
beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-marks-'))
  disk = fakeDestination('disk', () => tools.world.now)
  tools = hostWith(['main'])
  id = (await storeEncryptedBackup(disk, ['main', 'recovery'], suspect)).id
})
afterEach(() => rmSync(stateDir, { recursive: true }))

function hostWith(keys: readonly string[]): FakeTools {
  const made = fakeTools({ site: fakeSite({ stateDir }), keys: fakeKeys(keys) })
  made.world.destinations['disk'] = disk
  return made
}

const mark = (change: MarkChange, host = tools, backupId = id) =>
  runActivity(markActivities(host).markBackup, { reference: { backupId }, change })
const expire = (
  backupIds: readonly string[],
  host = tools,
  removal: 'now' | 'after-quarantine' = 'after-quarantine',
) =>
  runActivity(expireActivities(host).expire, {
    ...{ plan: 'shop', destination: 'disk', backupIds, by: 'person' as const, quarantineMs: 0, removal },
  })
const listed = async (host = tools) => {
  const { backups, problems } = await host.catalog.list({ among: 'all' }, signal)
  return { state: backups.find((backup) => backup.id === id)?.marks, problems, backups }
}
const marks = (backupId = id) =>
  [...disk.objects.keys()].filter((name) => name.startsWith(marksFolder('shop', backupId)))
const nameOf = (kind: string, ending = 'json') => marks().find((name) => name.endsWith(`-${kind}.${ending}`))!

const forge = (content: MarkContent, name = `20260304_000000_000-${content.kind}`) => {
  const head = {
    format: 'holdfast.mark/1',
    backupId: id,
    site: 'home',
    host: 'nas',
    at: '2026-03-04T00:00:00Z',
  }
  disk.write(`${marksFolder('shop', id)}${name}.json`, JSON.stringify({ ...head, ...content }))
}
const deletion: MarkContent = { kind: 'expired', by: 'person', quarantineMs: 0 }

test('a mark of an encrypted backup has a code, and any host with a key of the backup believes it', async () => {
  await mark('pin')

  expect(marks()).toHaveLength(2)
  for (const key of ['main', 'recovery'])
    expect(await listed(hostWith([key]))).toMatchObject({
      problems: [],
      state: { pin: {}, hasUnreadable: false },
    })
})

test.each<[string, MarkContent]>([
  ['deletes nothing', deletion],
  ['pins nothing', { kind: 'pinned' }],
  ['accepts nothing', { kind: 'accepted' }],
  ['damages nothing', { kind: 'damaged', destination: 'disk', problem: 'everything' }],
])('a mark without a code %s, and is named each time', async (_, content) => {
  forge(content)

  for (let time = 1; time <= 2; time++) {
    const { state, problems } = await listed()
    expect(state).toEqual({
      isAccepted: false,
      hasUnreadable: false,
      forged: [`20260304_000000_000-${content.kind}.json`],
    })
    expect(problems).toEqual([expect.stringContaining('not written by anyone who has a key')])
  }
  expect(await tools.catalog.find({ backupId: id }, signal)).toMatchObject({ marks: (await listed()).state })
})

test('a forged deletion is not carried out, whatever the clock says', async () => {
  forge(deletion)
  tools.world.now = new Date(tools.world.now.getTime() + YEAR_MS)

  expect(await expire([])).toMatchObject({ removed: [] })
  expect(disk.objects.has(`plans/shop/${id}/manifest.json`)).toBe(true)
})

test('what is no mark at all keeps nothing either, where it was not written by us', async () => {
  disk.write(`${marksFolder('shop', id)}20260304_000000_000-pinned.json`, '{')

  expect((await listed()).state).toMatchObject({ hasUnreadable: false })
})

test.each([
  ['changed', (name: string) => disk.damage(name, 3)],
  [
    'put after later ones',
    (name: string) => {
      for (const ending of ['json', 'mac']) {
        const from = disk.objects.get(name.replace(/json$/, ending))!
        disk.objects.set(name.replace(/\d{8}_\d{6}_\d{3}(.*)json$/, `20270101_000000_000$1${ending}`), from)
      }
      for (const ending of ['json', 'mac']) disk.objects.delete(name.replace(/json$/, ending))
    },
  ],
])('a mark of ours that was %s is not believed', async (_, tamper) => {
  await mark('pin')
  await mark('unpin')
  await mark('pin')
  tamper(nameOf('unpinned'))

  expect((await listed()).state).toMatchObject({ pin: {}, forged: [expect.stringContaining('unpinned')] })
})

test('a mark of another backup under the same keys is not believed', async () => {
  const other = await storeEncryptedBackup(disk, ['main', 'recovery'], { at: '2026-03-02T01:30:00.000Z' })
  await mark('pin', tools, other.id)
  for (const name of marks(other.id)) disk.objects.set(name.replace(other.id, id), disk.objects.get(name)!)

  expect((await listed()).state).toMatchObject({ forged: [expect.stringContaining('pinned')] })
  expect((await listed()).state).not.toHaveProperty('pin')
})

test('who replaces the manifest by one in the clear cannot make unsigned marks count', async () => {
  forge(deletion)
  storeBackup(disk, { at: '2026-03-01T01:30:00.000Z' })
  disk.objects.delete(`plans/shop/${id}/manifest.mac`)

  expect(await expire([])).toMatchObject({ removed: [] })
  expect((await listed()).state).toMatchObject({ forged: [expect.any(String)] })
})

test('verifying names the forged mark, and finds no damage for it', async () => {
  forge(deletion)

  const report = await runActivity(verifyActivities(tools).verify, { reference: { backupId: id } })

  expect(report).toMatchObject({ problems: [], notes: [expect.stringContaining('-expired.json')] })
})

describe('on a host without a key of the backup', () => {
  test('a deletion hides nothing and removes nothing, a pin keeps, and nobody is alarmed', async () => {
    await mark('pin')
    await expire([id]).catch(() => undefined)
    forge(deletion)
    const blind = hostWith([])

    expect(await listed(blind)).toMatchObject({ problems: [], state: { pin: {}, hasUnreadable: true } })
    expect((await listed(blind)).state).not.toHaveProperty('deletion')
    expect(await expire([], blind)).toMatchObject({ removed: [] })
  })

  test('nothing is marked, since nobody could believe it', async () => {
    await expect(mark('accept', hostWith([]))).rejects.toMatchObject({ code: 'key.not-found' })
    await expect(expire([id], hostWith([]))).rejects.toMatchObject({ code: 'key.not-found' })
    expect(marks()).toEqual([])
  })

  test('a person can still remove it at once', async () => {
    expect(await expire([id], hostWith([]), 'now')).toMatchObject({ removed: [id] })
  })

  test('marks are told as soon as a key has come, also when they were listed before', async () => {
    await mark('accept')
    await listed(hostWith([]))

    expect(await listed(hostWith(['recovery']))).toMatchObject({
      state: { isAccepted: true, hasUnreadable: false },
    })
  })
})

test('a death between a code and its mark costs nothing: the next mark has another name', async () => {
  disk.failOn = (call) => (/put .*-pinned\.json$/.test(call) ? new Error('the power failed') : undefined)
  await expect(mark('pin')).rejects.toThrow('the power failed')
  delete disk.failOn

  await mark('accept')
  await mark('pin')

  expect((await listed()).state).toMatchObject({ pin: {}, isAccepted: true, hasUnreadable: false })
  expect((await listed()).problems).toEqual([])
})
