import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DestinationTrial } from '../../core/work/catalog.js'
import type { RestoreResult } from '../../core/work/restore.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import type { ListedDestination } from '../../operations/destinations.js'
import type { BackupSummary } from '../../core/backup.js'
import { findDataKey } from '../../activities/keys/data-key.js'
import { local } from '../../activities/destinations/local.js'
import { readDigits } from '../../activities/keys/digits.js'
import { localKey } from '../../activities/keys/local-key.js'
import type { RecoverySheet } from '../../worker/keys-by-hand.js'
import { makeProcessService, type ProcessService } from '../support/process-service.js'
import { describeWith } from '../support/needs.js'
import { python } from '../support/python.js'
import { S3_KEY, S3_SECRET, makeBucket, s3Settings } from '../support/s3.js'
import { startSshd, type SshServer } from '../support/sshd.js'
import { makeWorld, type World } from './world.js'

describeWith(['built', 'temporal', 's3'], 'the main job under the command runtime', () => {
  let world: World
  let service: ProcessService
  let sheet: RecoverySheet

  beforeAll(async () => {
    world = await makeWorld({ environment: { KEY: S3_KEY }, secrets: { SECRET: S3_SECRET } })
    service = await makeProcessService(world.path('web'))
    await service.start()
    await world.configure({
      services: { web: service.definition },
      destinations: {
        disk: { type: 'local', path: world.destination },
        offsite: s3Settings(await makeBucket(), { prefix: 'nas' }),
      },
      keys: { main: { type: 'file', path: world.path('main.key') } },
    })
    await mkdir(world.path('web', 'uploads', 'deep'), { recursive: true })
    await writeFile(world.path('web', 'uploads', 'a.txt'), 'first')
    await writeFile(world.path('web', 'uploads', 'deep', 'b.bin'), randomBytes(300_000))
    await world.writePlan({
      plan: 'shop',
      hold: { services: ['command:web'], maxDowntime: '30s' },
      sources: { uploads: { type: 'files', paths: [world.path('web', 'uploads')] } },
      retention: { keepLast: 2 },
    })
    await writeFile(world.path('contract.txt'), 'between you and me')
    await world.writePlan({
      plan: 'private',
      sources: { contract: { type: 'files', paths: [world.path('contract.txt')], live: true } },
      encryption: { keys: ['main'] },
    })
    sheet = await world.json<RecoverySheet>('key', 'create', 'main')
    world.keepsSecret('the key', (await readFile(world.path('main.key'), 'utf8')).trim(), ['main.key'])
    await world.up()
  })

  afterAll(async () => {
    await service.stop()
    await world.dispose()
  })

  test('a run stops the service once, reads, and starts it again', async () => {
    const result = await world.json<BackupRunResult>(
      'backup',
      'create',
      'shop',
      '--description',
      'before 2.0',
    )

    expect(result).toMatchObject({ outcome: 'good', data: 'complete', services: 'ok', plan: 'shop' })
    expect(await service.history()).toEqual(['start', 'stop', 'start'])
    expect(await service.isRunning()).toBe(true)
    expect(result.holds).toMatchObject([{ service: 'command:web', stateBefore: 'running', health: 'ok' }])
    expect(await world.journal()).toEqual([])
  })

  test('the backup is listed with its plan, verdict and description', async () => {
    const backups = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')

    expect(backups).toMatchObject([
      { plan: 'shop', data: 'complete', isGood: true, description: 'before 2.0', destination: 'disk' },
    ])
  })

  test('what lies at the destination opens without Holdfast, and only its owner may read it', async () => {
    const [backup] = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')
    const folder = world.path('backups', 'plans', 'shop', backup!.id)

    const names = (await readdir(folder)).sort()

    expect(names.map((name) => name.replace(/_\d{8}_\d{6}/, ''))).toEqual([
      'manifest.json',
      'run.json',
      'uploads.index.zst',
      'uploads.tar.zst',
    ])
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const name of names) expect((await stat(`${folder}/${name}`)).mode & 0o777).toBe(0o600)
  })

  test('damaged data is restored in place, and the old data stays as a safety copy', async () => {
    const [backup] = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')
    const before = await fingerprint(world.path('web', 'uploads'))
    await rm(world.path('web', 'uploads', 'a.txt'))
    await writeFile(world.path('web', 'uploads', 'deep', 'b.bin'), 'overwritten')
    await writeFile(world.path('web', 'uploads', 'new.txt'), 'made after the backup')

    const result = await world.json<RestoreResult>('backup', 'restore', backup!.id, '--yes')

    expect(await fingerprint(world.path('web', 'uploads'))).toBe(before)
    expect(result.items[0]!.safetyCopies).toHaveLength(1)
    expect((await readdir(world.path('web'))).some((name) => name.includes('holdfast'))).toBe(true)
    expect(await service.isRunning()).toBe(true)
  })

  test('the third backup expires the first, which can be brought back', async () => {
    const first = (await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop'))[0]!

    await world.json('backup', 'create', 'shop')
    const third = await world.json<BackupRunResult>('backup', 'create', 'shop')

    expect(third.retention?.expired).toEqual([first.id])
    const list = (...flags: string[]) =>
      world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop', ...flags)
    expect((await list()).map(({ id }) => id)).not.toContain(first.id)
    expect((await list('--deleted')).map(({ id }) => id)).toEqual([first.id])

    await world.json('backup', 'undelete', first.id)

    expect((await list())[0]).toMatchObject({
      ...{ id: first.id, isGood: true },
      marks: { pin: { because: 'brought back' } },
    })
    await world.json('backup', 'unpin', first.id)
    await world.json('backup', 'delete', first.id, '--now', '--yes')
    expect(await readdir(world.path('backups', 'plans', 'shop'))).toHaveLength(2)
  })

  test('every byte of a backup verifies, and a flipped byte is found, named and not restored', async () => {
    const backup = (await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop'))[0]!
    expect((await world.holdfast('backup', 'verify', backup.id)).code).toBe(0)
    const trial = await world.holdfast('backup', 'verify', backup.id, '--restore')
    expect(trial).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing of it is left') as string,
    })
    const whole = await world.holdfast('backup', 'verify', backup.plan, '--sample', '50%')
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining('intact') as string })
    const folder = world.path('backups', 'plans', 'shop', backup.id)
    const tar = (await readdir(folder)).find((name) => name.endsWith('.tar.zst'))!
    const bytes = await readFile(`${folder}/${tar}`)
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    await writeFile(`${folder}/${tar}`, bytes)
    const before = await fingerprint(world.path('web', 'uploads'))

    const verify = await world.holdfast('backup', 'verify', backup.id)
    const restore = await world.holdfast('backup', 'restore', backup.id, '--yes')

    expect(verify.code).toBe(8)
    expect(verify.stdout + verify.stderr).toContain(tar)
    expect(restore.code).toBe(8)
    expect(await fingerprint(world.path('web', 'uploads'))).toBe(before)
    expect(await service.isRunning()).toBe(true)
  })

  test('an encrypted backup is listed, verified and restored', async () => {
    const { outcome, backupId } = await world.json<BackupRunResult>('backup', 'create', 'private')
    await rm(world.path('contract.txt'))

    const listed = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'private')
    const verified = await world.holdfast('backup', 'verify', backupId)
    const shown = await world.holdfast('backup', 'show', backupId)
    const restored = await world.holdfast('backup', 'restore', backupId, '--yes')

    expect([outcome, verified.code, restored.code]).toEqual(['good', 0, 0])
    expect(listed).toMatchObject([{ isGood: true, authenticity: 'authentic', keyIds: [sheet.keyId] }])
    expect(shown.stdout).toContain(`opens with key ${sheet.keyId}`)
    expect(await readFile(world.path('contract.txt'), 'utf8')).toBe('between you and me')
  })

  test('neither key nor data key is anywhere in state, history, logs or destination', async () => {
    const [backup] = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'private')
    const { key } = readDigits(sheet.digits.join('\n')) as { key: Buffer }
    const dataKey = await findDataKey(
      {
        destination: local(() => '0')('disk', { type: 'local', path: world.destination }),
        plan: 'private',
        backupId: backup!.id,
      },
      [localKey('main', key)],
      new AbortController().signal,
    )
    const canaries = [key, dataKey!].flatMap((bytes) => [
      bytes,
      Buffer.from(bytes.toString('hex')),
      Buffer.from(bytes.toString('base64').slice(0, -2)),
      Buffer.from(bytes.toString('base64url').slice(0, -2)),
    ])

    const found = []
    for (const entry of await readdir(world.folder, { recursive: true, withFileTypes: true })) {
      const file = `${entry.parentPath}/${entry.name}`
      if (!entry.isFile() || file === world.path('main.key')) continue
      const content = await readFile(file)
      if (canaries.some((canary) => content.includes(canary))) found.push(file)
    }

    expect(found).toEqual([])
  })

  test('a backup is deleted only when that was said', async () => {
    const [backup] = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')

    const asked = await world.holdfast('backup', 'delete', backup!.id)
    const told = await world.holdfast('backup', 'delete', backup!.id, '--yes')

    expect(asked.code).toBe(2)
    expect(asked.stderr).toContain('--yes')
    expect(told.code).toBe(0)
    expect(
      (await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')).map(({ id }) => id),
    ).not.toContain(backup!.id)
  })

  test('a plan whose destination is a bucket is backed up, listed, verified, restored and expired', async () => {
    const notes = world.path('notes')
    await mkdir(notes)
    await writeFile(`${notes}/large.bin`, randomBytes(20 * 2 ** 20))
    await world.writePlan({
      plan: 'notes',
      sources: { notes: { type: 'files', paths: [notes], live: true } },
      destinations: ['offsite'],
      retention: { keepLast: 1 },
    })
    const before = await fingerprint(notes)

    const checked = await world.json<DestinationTrial>('destination', 'check', 'offsite')
    const first = await world.json<BackupRunResult>('backup', 'create', 'notes')
    const second = await world.json<BackupRunResult>('backup', 'create', 'notes')
    const listed = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'notes')
    const verified = await world.holdfast('backup', 'verify', second.backupId)
    await writeFile(`${notes}/large.bin`, 'overwritten')
    await world.json('backup', 'restore', second.backupId, '--yes')

    expect(checked).toMatchObject({ destination: 'offsite', bytes: 17 * 2 ** 20 })
    expect(second).toMatchObject({ outcome: 'good', retention: { expired: [first.backupId] } })
    expect(listed).toMatchObject([{ id: second.backupId, destination: 'offsite', isGood: true }])
    expect(verified.code).toBe(0)
    expect(await fingerprint(notes)).toBe(before)
  })

  test('destinations are listed, and one that is not there is an error', async () => {
    const listed = await world.json<ListedDestination[]>('destination', 'list')
    const missing = await world.holdfast('destination', 'check', 'nowhere')

    expect(listed).toMatchObject([
      { destination: 'disk', type: 'local', plans: ['private', 'shop'] },
      { destination: 'offsite', type: 's3', plans: ['notes'] },
    ])
    expect(missing.code).toBe(3)
    expect(missing.stderr).toContain('There is no destination "nowhere"')
  })
})

describeWith(['built', 'temporal', 'sshd', 'python'], 'the main job at destinations elsewhere', () => {
  let world: World
  let server: SshServer

  beforeAll(async () => {
    world = await makeWorld()
    server = await startSshd()
    const command = [python, join(import.meta.dirname, '../../examples/plugins/folder-store.py')]
    await world.configure({
      destinations: {
        vps: server.settings(join(server.folder, 'backups')),
        shelf: { type: 'plugin', command, settings: { folder: world.path('shelf') } },
      },
    })
    await mkdir(world.path('data'))
    await mkdir(world.path('shelf'))
    await writeFile(world.path('data', 'a.txt'), randomBytes(300_000))
    for (const destination of ['vps', 'shelf'])
      await world.writePlan({
        plan: `to-${destination}`,
        sources: { data: { type: 'files', paths: [world.path('data')], live: true } },
        retention: { keepLast: 1 },
        destinations: [destination],
      })
    await world.up()
  })

  afterAll(async () => {
    await world.dispose()
    await server.stop()
  })

  test.each(['vps', 'shelf'])('%s: backups are made, expired, verified and restored', async (destination) => {
    const plan = `to-${destination}`
    const before = await fingerprint(world.path('data'))

    await world.json('backup', 'create', plan)
    const { backupId, outcome, retention } = await world.json<BackupRunResult>('backup', 'create', plan)
    await rm(world.path('data', 'a.txt'))
    const verified = await world.holdfast('backup', 'verify', backupId)
    await world.json<RestoreResult>('backup', 'restore', backupId, '--yes')

    expect({ outcome, expired: retention?.expired.length }).toEqual({ outcome: 'good', expired: 1 })
    expect(verified.code).toBe(0)
    expect(await fingerprint(world.path('data'))).toBe(before)
    const listed = await world.json<BackupSummary[]>('backup', 'list', '--plan', plan)
    expect(listed.map(({ id }) => id)).toEqual([backupId])
  })
})

async function fingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort()
  for (const name of names) {
    hash.update(`${name}\0`)
    if ((await stat(name)).isFile()) hash.update(await readFile(name))
  }
  return hash.digest('hex')
}
