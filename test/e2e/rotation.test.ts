import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { local } from '../../activities/destinations/local.js'
import { findDataKey, makeDataKey } from '../../activities/keys/data-key.js'
import type { Key } from '../../activities/keys/key.js'
import { localKey } from '../../activities/keys/local-key.js'
import type { BackupSummary } from '../../core/backup.js'
import type { RotationReport } from '../../core/rotation-steps.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import type { PreparedRotation } from '../../operations/rotation.js'
import type { RunSummary } from '../../operations/runs.js'
import type { RecoverySheet } from '../../worker/keys-by-hand.js'
import { runObject } from '../fakes/backups.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

describeWith(['built', 'temporal'], 'the rotation of a key', () => {
  let world: World
  let ids: string[]
  let sheets: { main: RecoverySheet; next: RecoverySheet; spare: RecoverySheet }

  const keyFile = (name: string) => ({ type: 'file', path: world.path(`${name}.key`) })
  const place = (name: string) => ({ type: 'local', path: world.path(name) })
  const keyObjects = async (destination: string, backupId: string) =>
    (await readdir(join(world.path(destination), 'plans', 'private', backupId, 'keys'))).sort()
  const plan = (key: string) =>
    world.writePlan({
      plan: 'private',
      schedule: { cron: '30 2 * * *' },
      destinations: ['disk', 'offsite'],
      sources: { contract: { type: 'files', paths: [world.path('contract.txt')], live: true } },
      encryption: { keys: [key, 'spare'] },
    })
  const keyIn = async (name: string) => localKey(name, await readFile(world.path(`${name}.key`)))
  const recovered = (destination: string, folder: string, keys: readonly string[], id = '') =>
    world.holdfast(
      ...['recover', world.path(destination), ...(id === '' ? [] : [id, '--to', world.path(folder)])],
      ...keys.flatMap((key) => ['--key', world.path(`${key}.key`)]),
    )

  beforeAll(async () => {
    world = await makeWorld()
    const keys = { main: keyFile('main'), next: keyFile('next'), spare: keyFile('spare') }
    await world.configure({ keys, destinations: { disk: place('backups'), offsite: place('copies') } })
    await writeFile(world.path('contract.txt'), 'between you and me')
    await plan('main')
    const create = (name: string) => world.json<RecoverySheet>('key', 'create', name)
    sheets = { main: await create('main'), next: await create('next'), spare: await create('spare') }
    await world.up()
    await world.holdfast('plan', 'apply')
    ids = []
    for (let made = 0; made < 2; made++)
      ids.push((await world.json<BackupRunResult>('backup', 'create', 'private')).backupId)
  })

  afterAll(() => world.dispose())

  test('it is refused while a plan names the old key, with the line that says so; and while a schedule does', async () => {
    const named = await world.holdfast('key', 'rotate', 'main', 'next', '--yes')
    await plan('next')
    const scheduled = await world.holdfast('key', 'rotate', 'main', 'next', '--yes')
    const lines = (await readFile(world.path('plans', 'private.yaml'), 'utf8')).split('\n')
    const line = lines.findIndex((text) => text.trim() === '- next') + 1

    expect([named.code, scheduled.code]).toEqual([2, 2])
    expect(named.stderr).toContain(`plans/private.yaml:${line}:`)
    expect(named.stderr).toContain('Write "next" instead.')
    expect(scheduled.stderr).toContain('holdfast plan apply')
  })

  test.each([
    [['main', 'main'], 2, 'cannot replace itself'],
    [['mian', 'next'], 3, 'Did you mean "main"?'],
  ])('%j is refused', async (names, code, message) => {
    const refused = await world.holdfast('key', 'rotate', ...names, '--yes')

    expect(refused.code).toBe(code)
    expect(refused.stderr).toContain(message)
  })

  test('a dry run lists what would change, and changes nothing; without a yes, nothing is done', async () => {
    expect((await world.holdfast('plan', 'apply')).code).toBe(0)

    const dry = await world.json<PreparedRotation>('key', 'rotate', 'main', 'next', '--dry-run')
    const asked = await world.holdfast('key', 'rotate', 'main', 'next')

    expect(dry.plan.steps.map(({ destination, backups }) => [destination, backups])).toEqual([
      ['disk', 2],
      ['offsite', 2],
    ])
    expect(asked.code).toBe(2)
    expect(await keyObjects('backups', ids[0]!)).toContain(`${sheets.main.keyId}.json`)
  })

  test('its worker is killed in the middle: every backup can be opened, and it goes on to its end', async () => {
    const unfinished = await storeUnfinished(world.path('backups'), world.path('main.key'))
    const { workflowId } = await world.json<{ workflowId: string }>(
      ...['key', 'rotate', 'main', 'next', '--yes', '--no-wait'],
    )
    const [first = ''] = ids
    const last = unfinished.at(-1)!.backupId
    const isBegun = async () => (await keyObjects('backups', first)).includes(`${sheets.next.keyId}.json`)
    await until('the first backup is wrapped anew', isBegun)

    process.kill((await world.children())['data']!, 'SIGKILL')

    expect(await keyObjects('backups', last)).toContain(`${sheets.main.keyId}.json`)
    const keys = [await keyIn('main'), await keyIn('next')]
    for (const { backupId, dataKey } of unfinished)
      expect(await openedAt(world.path('backups'), backupId, keys)).toEqual(dataKey)
    for (const [index, id] of ids.entries())
      expect(await recovered('backups', `half-${index}`, ['main', 'next'], id)).toMatchObject({ code: 0 })
    const watched = await world.holdfast('run', 'watch', workflowId, '--json')
    expect(watched.code).toBe(0)
    expect(JSON.parse(watched.stdout) as RotationReport).toMatchObject({
      ...{ outcome: 'good', from: 'main', to: 'next', remaining: [], problems: [] },
      rewrapped: [
        { plan: 'private', destination: 'disk', backups: ids.length + unfinished.length },
        { destination: 'offsite', backups: ids.length },
      ],
    })
    for (const { backupId, dataKey } of unfinished)
      expect(await openedAt(world.path('backups'), backupId, [await keyIn('next')])).toEqual(dataKey)
    const [run] = await world.json<RunSummary[]>('run', 'list', '--kind', 'rotate')
    expect(run).toMatchObject({ workflowId, kind: 'rotate', outcome: 'good' })
  }, 300_000)

  test('afterwards the new key opens everything everywhere, the old one nothing, and the spare one as before', async () => {
    const wanted = [sheets.next.keyId, sheets.spare.keyId].map((id) => `${id}.json`).sort()
    const [id = ''] = ids
    for (const destination of ['backups', 'copies']) {
      for (const one of ids) expect(await keyObjects(destination, one)).toEqual(wanted)
      expect((await recovered(destination, `new-${destination}`, ['next'], id)).code).toBe(0)
      expect((await recovered(destination, `old-${destination}`, ['main'], id)).code).toBe(3)
    }
    expect((await recovered('copies', 'spare', ['spare'], id)).code).toBe(0)
  })

  test('without the old key the host lists, restores and makes backups as before', async () => {
    await world.holdfast('down')
    await world.configure({ keys: { next: keyFile('next'), spare: keyFile('spare') } })
    await world.configure({ destinations: { disk: place('backups'), offsite: place('copies') } })
    await world.up()
    await writeFile(world.path('contract.txt'), 'changed')

    const restored = await world.holdfast('backup', 'restore', ids[0]!, '--yes')
    const made = await world.json<BackupRunResult>('backup', 'create', 'private')
    const listed = await world.json<BackupSummary[]>('backup', 'list')

    expect(restored.code).toBe(0)
    expect(await readFile(world.path('contract.txt'), 'utf8')).toBe('between you and me')
    expect(made.outcome).toBe('good')
    const keyIds = [sheets.next.keyId, sheets.spare.keyId].sort()
    expect(listed).toHaveLength(3)
    for (const backup of listed)
      expect(backup).toMatchObject({ isGood: true, authenticity: 'authentic', keyIds })
  })
})

const { signal } = new AbortController()
const random = (digits: number) => randomBytes(digits / 2).toString('hex')
const openPlace = (path: string) => local(random)('disk', { type: 'local', path })

/** So many that a worker can be killed in the middle of them. */
const UNFINISHED = 200

/** Backups that were cut off after their data key was made. */
async function storeUnfinished(path: string, keyFile: string) {
  const keys = [localKey('main', await readFile(keyFile))]
  const run = runObject({ site: 'test', run: { workflowId: 'backup/private/1', runId: 'gone' } })
  const made: { backupId: string; dataKey: Buffer }[] = []
  for (let index = 0; index < UNFINISHED; index++) {
    const backupId = `20300101-000000-private-${index.toString(16).padStart(6, '0')}`
    const folder = join(path, 'plans', 'private', backupId)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'run.json'), run)
    const place = { destination: openPlace(path), plan: 'private', backupId }
    made.push({ backupId, dataKey: await makeDataKey(place, { keys, random }, signal) })
  }
  return made
}

const openedAt = (path: string, backupId: string, keys: readonly Key[]) =>
  findDataKey({ destination: openPlace(path), plan: 'private', backupId }, keys, signal)
