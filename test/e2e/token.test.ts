import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Recovered } from '../../core/recovery.js'
import type { RotationReport } from '../../core/rotation-steps.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import type { Examination } from '../../operations/doctor/doctor.js'
import type { KeyLine, MadeInToken, RecoverySheet } from '../../worker/keys-by-hand.js'
import { describeWith } from '../support/needs.js'
import { SOFTHSM_MODULE, startSofthsm } from '../support/softhsm.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { makeWorld, type World } from './world.js'

describeWith(['built', 'temporal', 'softhsm'], 'a key in a token', () => {
  const tokens = temporaryFolder()
  const PIN = 'canary-pin-93b1c07d'
  const hsm = {
    ...{ type: 'pkcs11', module: SOFTHSM_MODULE, token: 'backups', label: 'holdfast-main' },
    pin: { env: 'HSM_PIN' },
  }
  let world: World
  let made: MadeInToken
  let sheets: { recovery: RecoverySheet; next: RecoverySheet }
  let id: string

  const keyFile = (name: string) => ({ type: 'file', path: world.path(`${name}.key`) })
  const plan = (...keys: readonly string[]) =>
    world.writePlan({
      plan: 'private',
      sources: { contract: { type: 'files', paths: [world.path('contract.txt')], live: true } },
      encryption: { keys },
    })
  const keyObjects = async () =>
    (await readdir(join(world.destination, 'plans', 'private', id, 'keys')))
      .map((name) => name.replace('.json', ''))
      .sort()
  async function recoveredWith(folder: string, ...flags: readonly string[]): Promise<string> {
    const to = world.path(folder)
    await world.json<Recovered>('recover', world.destination, id, '--to', to, ...flags)
    return readFile(join(to, 'contract', world.path('contract.txt')), 'utf8')
  }
  async function rotate(from: string, to: string): Promise<RotationReport> {
    await plan(to, 'recovery')
    return world.json<RotationReport>('key', 'rotate', from, to, '--yes')
  }

  beforeAll(async () => {
    const softhsm = await startSofthsm(tokens())
    await softhsm.makeToken('backups', PIN)
    world = await makeWorld({ environment: softhsm.environment, secrets: { HSM_PIN: PIN } })
    await world.configure({ keys: { hsm, recovery: keyFile('recovery'), next: keyFile('next') } })
    await writeFile(world.path('contract.txt'), 'between you and me')
    await plan('hsm', 'recovery')
    made = await world.json<MadeInToken>('key', 'create', 'hsm')
    const create = (name: string) => world.json<RecoverySheet>('key', 'create', name)
    sheets = { recovery: await create('recovery'), next: await create('next') }
    await world.up()
    id = (await world.json<BackupRunResult>('backup', 'create', 'private')).backupId
  }, 300_000)

  afterAll(() => world.dispose())

  test('is made once, without a sheet, and listed among the others', async () => {
    const again = await world.holdfast('key', 'create', 'hsm')
    const listed = await world.json<KeyLine[]>('key', 'list')

    expect(made).toMatchObject({ name: 'hsm', token: 'backups', label: 'holdfast-main' })
    expect(again.code).toBe(5)
    expect(listed.map(({ name, type, keyId }) => [name, type, keyId])).toEqual([
      ['hsm', 'pkcs11', made.keyId],
      ['recovery', 'file', sheets.recovery.keyId],
      ['next', 'file', sheets.next.keyId],
    ])
  })

  test('opens a backup, and so does the key beside it, on a machine that has nothing else', async () => {
    await writeFile(world.path('hsm.yaml'), stringify(hsm), { mode: 0o600 })

    expect(await keyObjects()).toEqual([made.keyId, sheets.recovery.keyId].sort())
    const contents = [
      await recoveredWith('by-argument', '--key-settings', JSON.stringify(hsm)),
      await recoveredWith('by-file', '--key-settings', world.path('hsm.yaml')),
      await recoveredWith('by-recovery', '--key', world.path('recovery.key')),
    ]
    expect(new Set(contents)).toEqual(new Set(['between you and me']))
  })

  test.each([
    ['another key in the token', { ...hsm, label: 'gone' }, 3, 'has no key "gone"'],
    ['no such module', { ...hsm, module: '/gone.so' }, 3, '/gone.so'],
    ['a PIN that is not there', { ...hsm, pin: { env: 'NO_PIN' } }, 3, 'NO_PIN'],
    ['the PIN itself', { ...hsm, pin: '123456' }, 2, 'a secret is a reference, not a value'],
    ['a wrong PIN', { ...hsm, pin: { env: 'PATH' } }, 4, 'refuses the PIN'],
  ])('with %s nothing is recovered, and what is wrong is said', async (_, settings, code, message) => {
    const flags = ['--to', world.path('none'), '--key-settings', JSON.stringify(settings)]

    const refused = await world.holdfast('recover', world.destination, id, ...flags)

    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)])
  })

  test('is replaced by a key in a file, and replaces it, in what was backed up before', async () => {
    const away = await rotate('hsm', 'next')
    const between = await keyObjects()
    const back = await rotate('next', 'hsm')

    for (const report of [away, back])
      expect(report).toMatchObject({
        ...{ outcome: 'good', remaining: [] },
        rewrapped: [{ plan: 'private', destination: 'disk', backups: 1 }],
      })
    expect(between).toEqual([sheets.next.keyId, sheets.recovery.keyId].sort())
    expect(await keyObjects()).toEqual([made.keyId, sheets.recovery.keyId].sort())
  })

  test('restores in place on a host that has no other, and is found in order there', async () => {
    await world.holdfast('down')
    await world.configure({ keys: { hsm } })
    await plan('hsm')
    const { findings } = JSON.parse((await world.holdfast('doctor', '--json')).stdout) as Examination
    await world.up()
    await writeFile(world.path('contract.txt'), 'changed')

    const restored = await world.holdfast('backup', 'restore', id, '--yes')

    expect(restored.code).toBe(0)
    expect(await readFile(world.path('contract.txt'), 'utf8')).toBe('between you and me')
    expect(findings.filter(({ area }) => area === 'keys')).toMatchObject([{ severity: 'fine' }])
  })
})
