import type { Client } from '@temporalio/client'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { captureActivities } from '../../activities/capture.js'
import { publishActivities } from '../../activities/publish.js'
import { sources } from '../../activities/sources/registry.js'
import type { Item } from '../../core/backup.js'
import type { BackupJob } from '../../core/job.js'
import type { RecoverRequest } from '../../core/recovery.js'
import { handTools } from '../../worker/hand-tools.js'
import { withRecovery, type Recovery } from '../../worker/recover.js'
import { toolsWith } from '../../worker/tools.js'
import { noise, prose } from '../activities/pipeline/bytes.js'
import { runActivity } from '../fakes/activity.js'
import { item, storeBackup } from '../fakes/backups.js'
import { fakeDestination } from '../fakes/destination.js'
import { fakeSite } from '../fakes/site.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const backupId = '20260301-013000-shop-7f3a2c'
const takenAt = '2026-03-01T01:30:00.000Z'
const run = { workflowId: 'backup/shop/1', runId: 'run-1' }
const encryption = { keys: ['main', 'recovery'] }
const dump = prose(400_000)
const at = (...names: string[]) => join(folder(), ...names)
const trouble: string[] = []

beforeAll(async () => {
  await mkdir(at('data', 'uploads'), { recursive: true })
  await writeFile(at('data', 'uploads', 'photo.bin'), noise(3_000_000))
  await writeFile(at('data', 'uploads', 'read me.txt'), 'hello')
  await symlink('photo.bin', at('data', 'uploads', 'link'))
  for (const [name, byte] of [
    ['main', 1],
    ['recovery', 2],
    ['other', 3],
  ] as const)
    await writeFile(at(`${name}.key`), Buffer.alloc(32, byte), { mode: 0o400 })
  await backUp()
})

/** A backup of files and of a dump, as a worker makes it. */
async function backUp(): Promise<void> {
  const keys = Object.fromEntries(
    encryption.keys.map((name) => [name, { type: 'file', path: at(`${name}.key`) } as const]),
  )
  const site = fakeSite({
    ...{ stateDir: at('state'), keys, allow: { paths: [at('data')] } },
    destinations: { disk: { type: 'local', path: at('backups') } },
  })
  const hand = { environment: {}, clock: () => new Date(takenAt), onTrouble: () => undefined }
  const tools = toolsWith(await handTools(site, hand), {} as Client)
  const work = { plan: 'shop', destination: 'disk', backupId, encryption }
  await runActivity(publishActivities(tools).prepareBackup, { ...work, site: 'home', run })
  const read = async (_: unknown, sink: Parameters<typeof sources.postgres.read>[1]) => {
    await sink.store({ kind: 'dump' }, Readable.from([dump]))
    const hints = { database: JSON.stringify({ name: 'Shop Orders' }) }
    return { counts: { tables: 1 }, notCaptured: [], hints, tools: {} }
  }
  const capture = captureActivities(tools, { ...sources, postgres: { ...sources.postgres, read } }).capture
  const compression = { algorithm: 'zstd', level: 3 } as const
  const common = { ...work, takenAt, compression, attempt: 1, grants: [] }
  const items: Item[] = [
    await runActivity(capture, {
      ...common,
      source: { name: 'uploads', source: { type: 'files', paths: [at('data')] } },
    }),
    await runActivity(capture, {
      ...common,
      source: {
        name: 'orders',
        source: { type: 'postgres', connection: { host: 'db' }, database: 'x', user: 'u' },
      },
    }),
  ]
  const job = {
    ...{ jobVersion: 1, site: 'home', host: 'nas', plan: 'shop', tolerate: [], encryption },
    ...{ planText: 'plan: shop\n', planSha256: 'a'.repeat(64) },
  } as unknown as BackupJob
  await runActivity(publishActivities(tools).publish, {
    ...{ job, backupId, takenAt, destination: 'disk', items, holds: [], servicesVerdict: 'ok', run },
    completedAt: '2026-03-01T01:31:00.000Z',
  })
}

const recovering = <T>(work: (recovery: Recovery) => Promise<T>, keys = ['recovery'], path = at('backups')) =>
  withRecovery(
    {
      ...{ environment: {}, clock: () => new Date(), hostname: 'new-machine' },
      onTrouble: (message) => void trouble.push(message),
      settings: { type: 'local', path },
      ...{ keyFiles: keys.map((name) => at(`${name}.key`)), keyVariables: [], keySettings: [] },
    },
    work,
  )
const recover = (name: string, changes: Partial<RecoverRequest> = {}, keys?: string[], path?: string) =>
  recovering((recovery) => recovery.recover({ backupId, folder: at(name), ...changes }), keys, path)

/** Another place with the same objects, which a test may damage. */
async function copyOfBackups(name: string): Promise<string> {
  const { cp } = await import('node:fs/promises')
  await cp(at('backups'), at(name), { recursive: true })
  return at(name, 'plans', 'shop', backupId)
}

test.each([
  ['shown', (recovery: Recovery) => recovery.find('2031')],
  ['recovered', (recovery: Recovery) => recovery.recover({ backupId: '2031', folder: at('never') })],
])('an unknown backup that is to be %s leads to the list of this destination', async (_, work) => {
  await expect(recovering<unknown>(work)).rejects.toMatchObject({
    code: 'backup.not-found',
    hint: expect.stringContaining('`holdfast recover` with the same destination') as string,
  })
})

test('one of the keys and the destination bring everything back, on a machine that has nothing else', async () => {
  const before = await everythingIn(at('backups'))

  const { backups, problems } = await recovering((recovery) => recovery.list({}))
  const recovered = await recover('all')

  expect(problems).toEqual([])
  expect(backups).toMatchObject([{ id: backupId, isGood: true, authenticity: 'authentic' }])
  const uploads = join(at('all', 'uploads'), at('data', 'uploads'))
  expect((await readFile(join(uploads, 'photo.bin'))).equals(noise(3_000_000))).toBe(true)
  expect(await readdir(uploads)).toEqual(['link', 'photo.bin', 'read me.txt'])
  const file = at('all', 'orders', 'orders_20260301_013000.dump')
  expect((await readFile(file)).equals(dump)).toBe(true)
  expect(recovered.sources[1]).toMatchObject({
    files: [file],
    load: [
      `createdb --template=template0 'Shop Orders'`,
      `pg_restore --exit-on-error --dbname='Shop Orders' ${file}`,
    ],
  })
  expect((await readdir(at('all'))).sort()).toEqual(['orders', 'uploads'])
  expect(await everythingIn(at('backups'))).toEqual(before)
})

test('what is there is never overwritten, and a second try brings what was missing', async () => {
  await recover('twice', { sources: ['orders'] })
  await mkdir(at('twice', '.holdfast-recovering-uploads'))

  await expect(recover('twice')).rejects.toMatchObject({ code: 'restore.conflict' })
  expect(await readdir(at('twice'))).not.toContain('uploads')
  await recover('twice', { sources: ['uploads'] })

  expect((await readdir(at('twice'))).sort()).toEqual(['orders', 'uploads'])
})

test('a few files come alone', async () => {
  await recover('few', { sources: ['uploads'], include: ['*.txt'] })

  expect(await readdir(join(at('few', 'uploads'), at('data', 'uploads')))).toEqual(['read me.txt'])
})

test('without a key of the backup it is listed, and not recovered', async () => {
  const { backups } = await recovering((recovery) => recovery.list({}), [])

  expect(backups).toMatchObject([{ id: backupId, authenticity: 'unchecked' }])
  for (const keys of [[], ['other']])
    await expect(recover('none', {}, keys)).rejects.toMatchObject({ code: 'key.not-found' })
  await expect(stat(at('none'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a key file that is not there is named, not passed over', async () => {
  await expect(recover('none', {}, ['missing'])).rejects.toMatchObject({
    code: 'key.not-found',
    hint: expect.stringContaining('--key FILE') as string,
  })
})

test.each(['uploads_20260301_013000.tar.zst.enc', 'orders_20260301_013000.dump.zst.enc'])(
  'nothing of a source is left where %s was changed',
  async (object) => {
    const copy = await copyOfBackups(`damaged-${object}`)
    const bytes = await readFile(join(copy, object))
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(join(copy, object), bytes)
    const source = object.split('_')[0]!

    await expect(
      recover(`to-${object}`, { sources: [source] }, ['main'], at(`damaged-${object}`)),
    ).rejects.toMatchObject({ code: 'object.corrupt' })

    expect(await readdir(at(`to-${object}`))).toEqual([])
  },
)

test('a backup that anyone could have written is recovered only when that was said', async () => {
  const copy = await copyOfBackups('unproven')
  const { rm } = await import('node:fs/promises')
  await rm(join(copy, 'manifest.mac'))

  await expect(recover('unproven-to', {}, ['main'], at('unproven'))).rejects.toMatchObject({
    code: 'backup.unauthenticated',
  })
  await recover('unproven-to', { allowUnauthenticated: true }, ['main'], at('unproven'))
})

test('a manifest cannot send the restore of a database to a server of its choice', async () => {
  const spec = {
    type: 'postgres',
    connection: { host: '127.0.0.1', port: 1 },
    database: 'x',
    user: 'u',
  } as const
  const made = storeBackup(fakeDestination(), { items: [item({ source: 'orders', type: 'postgres', spec })] })
  const place = at('hostile', 'plans', 'shop', made.id)
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'manifest.json'), JSON.stringify(made))
  await writeFile(join(place, 'uploads_20260301_013000.tar'), 'the files')

  await recover('hostile-to', { backupId: made.id }, [], at('hostile'))

  expect(await readdir(at('hostile-to', 'orders'))).toEqual(['uploads_20260301_013000.tar'])
})

test('a folder that was never used is doubted, and stays as it is', async () => {
  await mkdir(at('empty'))

  const { backups } = await recovering((recovery) => recovery.list({}), [], at('empty'))

  expect(backups).toEqual([])
  expect(trouble.at(-1)).toContain('there is no holdfast.json')
  expect(await readdir(at('empty'))).toEqual([])
})

async function everythingIn(path: string): Promise<readonly string[]> {
  const names = await readdir(path, { recursive: true })
  return Promise.all(names.sort().map(async (name) => `${name} ${(await stat(join(path, name))).mtimeMs}`))
}
