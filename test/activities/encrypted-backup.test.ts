import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { captureActivities } from '../../activities/capture.js'
import { createCatalog } from '../../activities/catalog/create-catalog.js'
import { publishActivities } from '../../activities/publish.js'
import { sources } from '../../activities/sources/registry.js'
import { previewRestore, requireBelievable } from '../../activities/preview-restore.js'
import { verifyActivities } from '../../activities/verify.js'
import { isSealed, type EncryptedManifest } from '../../core/encrypted-manifest.js'
import type { BackupJob } from '../../core/job.js'
import { decideRetention } from '../../core/retention.js'
import type { CaptureInput } from '../../core/work/capture.js'
import { runActivity } from '../fakes/activity.js'
import { storeBackup } from '../fakes/backups.js'
import { fakeDestination, type FakeDestination } from '../fakes/destination.js'
import { fakeKeys, testKey } from '../fakes/keys.js'
import { fakeLog } from '../fakes/log.js'
import { fakeSite } from '../fakes/site.js'
import { fakeTools, type FakeTools } from '../fakes/tools.js'
import { prose } from './pipeline/bytes.js'

const backupId = '20260301-013000-shop-7f3a2c'
const folder = `plans/shop/${backupId}/`
const run = { workflowId: 'backup/shop/1', runId: 'run-1' }
const secret = '/srv/shop/uploads/the-secret-plan.txt'
const bytes = prose(2_500_000)
const encryption = { keys: ['main', 'recovery'] }
const { signal } = new AbortController()

let stateDir: string
let tools: FakeTools
let disk: FakeDestination
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-encrypted-'))
  disk = fakeDestination('disk')
  tools = hostWith(['main', 'recovery'])
})
afterEach(() => rmSync(stateDir, { recursive: true }))

function hostWith(
  keys: readonly string[],
  wanted: readonly string[] | undefined = encryption.keys,
): FakeTools {
  const made = fakeTools({ site: fakeSite({ stateDir }), keys: fakeKeys(keys) })
  made.world.destinations['disk'] = disk
  if (wanted) made.world.wantedKeys.set('shop', wanted)
  return made
}

const job = {
  jobVersion: 1,
  site: 'home',
  host: 'nas',
  plan: 'shop',
  tolerate: ['vanished'],
  encryption,
  planText: `plan: shop # ${secret}\n`,
  planSha256: 'a'.repeat(64),
} as unknown as BackupJob

const prepare = () =>
  runActivity(publishActivities(tools).prepareBackup, {
    backupId,
    plan: 'shop',
    site: 'home',
    destination: 'disk',
    encryption,
    run,
  })

const capture = (changes: Partial<CaptureInput> = {}) => {
  const read = async (
    _source: unknown,
    sink: { store: (object: { kind: 'dump' }, body: Readable) => unknown },
  ) => {
    await sink.store({ kind: 'dump' }, Readable.from([bytes]))
    return { counts: {}, notCaptured: [{ path: secret, cause: 'vanished' as const }], hints: {}, tools: {} }
  }
  const drivers = { ...sources, files: { ...sources.files, read: read as never } }
  return runActivity(captureActivities(tools, drivers).capture, {
    backupId,
    plan: 'shop',
    takenAt: '2026-03-01T01:30:00.000Z',
    destination: 'disk',
    source: { name: 'orders', source: { type: 'files', paths: ['/srv/shop'] } },
    compression: { algorithm: 'zstd', level: 3 },
    encryption,
    attempt: 1,
    grants: [],
    ...changes,
  })
}

const publish = async (items: readonly Awaited<ReturnType<typeof capture>>[]) =>
  runActivity(publishActivities(tools).publish, {
    job,
    backupId,
    takenAt: '2026-03-01T01:30:00.000Z',
    description: 'before the layoffs',
    destination: 'disk',
    items,
    holds: [],
    servicesVerdict: 'ok',
    completedAt: '2026-03-01T01:31:00.000Z',
    run,
  })

async function backUp(changes: Partial<CaptureInput> = {}) {
  await prepare()
  return publish([await capture(changes)])
}

const list = (host: FakeTools) => host.catalog.list({}, signal)
const find = (host: FakeTools, id = backupId) => host.catalog.find({ backupId: id }, signal)
const wraps = () => [...disk.objects.keys()].filter((name) => name.startsWith(`${folder}keys/`)).sort()
const forged = () => storeBackup(disk, { at: '2026-03-01T01:30:00.000Z' })

describe('preparing', () => {
  test('wraps one data key by every key of the plan, and a second attempt uses it', async () => {
    await prepare()
    const before = wraps().map((name) => disk.text(name))

    await prepare()

    expect(wraps()).toEqual(encryption.keys.map((name) => `${folder}keys/${testKey(name).id}.json`).sort())
    expect(wraps().map((name) => disk.text(name))).toEqual(before)
  })

  test('completes what an attempt that died had begun', async () => {
    await prepare()
    const item = await capture()
    disk.objects.delete(`${folder}keys/${testKey('recovery').id}.json`)

    await prepare()
    await publish([item])

    expect(
      await runActivity(verifyActivities(hostWith(['recovery'])).verify, { reference: { backupId } }),
    ).toMatchObject({ problems: [] })
  })

  test('refuses a wrap that does not open', async () => {
    await prepare()
    const [name] = wraps()
    disk.write(name!, disk.text(name!).replace(/"ciphertext":"...../, '"ciphertext":"AAAAA'))

    await expect(prepare()).rejects.toMatchObject({ code: 'object.corrupt' })
  })

  test('fails before anything is read where a key is missing', async () => {
    tools = hostWith(['main'])

    await expect(prepare()).rejects.toMatchObject({ code: 'key.not-found' })
  })
})

describe('an encrypted backup', () => {
  test.each([
    ['zstd', '.dump.zst.enc'],
    ['gzip', '.dump.gz.enc'],
    ['none', '.dump.enc'],
  ] as const)('compressed by %s opens with each of its keys, whole', async (algorithm, suffix) => {
    await backUp({ compression: { algorithm, level: algorithm === 'none' ? 0 : 3 } })

    for (const key of encryption.keys) {
      const report = await runActivity(verifyActivities(hostWith([key])).verify, { reference: { backupId } })
      expect(report).toMatchObject({ objects: 1, problems: [] })
    }
    expect([...disk.objects.keys()].some((name) => name.endsWith(suffix))).toBe(true)
  })

  test('shows nothing of what it holds to who reads the destination', async () => {
    await backUp()

    const all = [...disk.objects.keys()].map((name) => disk.text(name)).join('\n')
    expect(all).not.toContain(secret)
    expect(all).not.toContain('layoffs')
    expect(all).not.toContain(bytes.subarray(0, 40).toString())
    expect(JSON.parse(disk.text(`${folder}manifest.json`))).not.toHaveProperty('planText')
  })

  test('is listed by a host without its keys, and shown in part', async () => {
    await backUp()
    const blind = hostWith([])

    const { backups, problems } = await list(blind)
    const { manifest, authenticity } = await find(blind)

    expect(problems).toEqual([])
    expect(backups).toMatchObject([
      { id: backupId, isGood: true, authenticity: 'unchecked', data: 'degraded' },
    ])
    expect(backups[0]).not.toHaveProperty('description')
    expect(isSealed(manifest)).toBe(true)
    expect(authenticity).toBe('unchecked')
    await expect(
      runActivity(verifyActivities(blind).verify, { reference: { backupId } }),
    ).rejects.toMatchObject({ code: 'key.not-found' })
  })

  test('is opened and proven where its key is', async () => {
    await backUp()

    const { manifest, authenticity, isGood } = await find(tools)

    expect(manifest).toMatchObject({ description: 'before the layoffs', planText: job.planText })
    expect([authenticity, isGood]).toEqual(['authentic', true])
  })

  test('is published once, by the same bytes, also after a death between code and manifest', async () => {
    await prepare()
    const item = await capture()
    await publish([item])
    const [code, manifest] = [disk.text(`${folder}manifest.mac`), disk.text(`${folder}manifest.json`)]
    disk.objects.delete(`${folder}manifest.json`)

    await publish([item])

    expect([disk.text(`${folder}manifest.mac`), disk.text(`${folder}manifest.json`)]).toEqual([
      code,
      manifest,
    ])
  })
})

describe('a manifest that was tampered with', () => {
  const change = (changes: Partial<EncryptedManifest>) => {
    const name = `${folder}manifest.json`
    disk.write(name, JSON.stringify({ ...JSON.parse(disk.text(name)), ...changes }))
  }

  test.each<[string, Partial<EncryptedManifest>]>([
    ['in the clear', { verdicts: { data: 'complete', services: 'ok' } }],
    ['in its sealed part', { sealed: 'AAAA' }],
  ])('%s is damaged, and not listed as a backup', async (_, changes) => {
    await backUp()
    change(changes)

    await expect(find(tools)).rejects.toMatchObject({ code: 'backup.corrupt' })
    expect(await list(tools)).toMatchObject({ backups: [], problems: [expect.stringContaining('damaged')] })
  })

  test('and lost its code still has to say the same as its sealed part', async () => {
    await backUp()
    disk.objects.delete(`${folder}manifest.mac`)
    expect(await find(tools)).toMatchObject({ authenticity: 'unauthenticated', isGood: false })

    change({ verdicts: { data: 'complete', services: 'ok' } })

    await expect(find(tools)).rejects.toMatchObject({ code: 'backup.corrupt' })
  })
})

describe('a backup that anyone could have put there', () => {
  test('is listed, not good, never removed by itself, and restored only when that was said', async () => {
    const { id } = forged()
    const work = { tools, drivers: sources, signal }

    const { backups } = await list(tools)
    const decisions = decideRetention({
      backups,
      rules: { keepLast: 1, minimum: 1 },
      site: 'home',
      plan: 'shop',
      timezone: 'UTC',
      now: '2026-03-05T12:00:00.000Z',
    })

    expect(backups).toMatchObject([{ id, isGood: false, authenticity: 'unauthenticated' }])
    expect(decisions[0]!.keptBecause).toContain('unauthenticated: removed by hand only')
    await expect(previewRestore(work, { reference: { backupId: id } }, 'r/1')).rejects.toMatchObject({
      code: 'backup.unauthenticated',
    })
    const said = { reference: { backupId: id }, allowUnauthenticated: true }
    expect(requireBelievable(await find(tools, id), said, 'nas')).toMatchObject({ id })
  })

  test('is judged by the plans and keys of the moment, not by those of when it was read', async () => {
    await backUp()
    const cached = (keys: readonly string[], wanted: readonly string[] | undefined) =>
      createCatalog({
        destinations: async () => disk,
        site: fakeSite(),
        keys: fakeKeys(keys),
        wantedKeys: async () => () => wanted,
        cacheFolder: join(stateDir, 'cache'),
        log: fakeLog(),
      }).list({}, signal)

    const states = []
    for (const [keys, wanted] of [
      [[], ['main']],
      [['other'], ['other']],
      [['main'], ['main']],
      [[], undefined],
    ] as const)
      states.push((await cached(keys, wanted)).backups[0]?.authenticity)
    disk.objects.delete(`${folder}manifest.mac`)
    states.push((await cached(['main'], ['main'])).backups[0]?.authenticity)

    expect(states).toEqual(['unchecked', 'unauthenticated', 'authentic', 'authentic', 'unauthenticated'])
  })
})
