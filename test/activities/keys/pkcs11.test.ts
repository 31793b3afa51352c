import { randomBytes } from 'node:crypto'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeys } from '../../../activities/keys/create-keys.js'
import { makeDataKey, findDataKey, rewrapDataKey } from '../../../activities/keys/data-key.js'
import type { Key } from '../../../activities/keys/key.js'
import { localKey } from '../../../activities/keys/local-key.js'
import { createTokens } from '../../../activities/keys/pkcs11/tokens.js'
import type { HoldfastError } from '../../../core/errors.js'
import type { KeyDefinitionOf } from '../../../schemas/keys.js'
import { createKeyByHand, listKeysByHand, type MadeInToken } from '../../../worker/keys-by-hand.js'
import { fakeDestination } from '../../fakes/destination.js'
import { testKey } from '../../fakes/keys.js'
import { keyWorld } from '../../support/key-world.js'
import { describeWith } from '../../support/needs.js'
import { SOFTHSM_MODULE, startSofthsm, type Softhsm } from '../../support/softhsm.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const folder = temporaryFolder()
const PIN = 'pin-5f0c77e1b2'
/** Letters: SoftHSM's tool cuts what it imports at the first line break. */
const known = letters(65)
const knownId = '00112233445566ff'
const text = Buffer.from('the data key of a backup: 256 bit')
const [one, other] = [Buffer.from('backup one'), Buffer.from('backup two')]

type Definition = KeyDefinitionOf<'pkcs11'>

describeWith(['built', 'softhsm'], 'a key in a token', () => {
  let softhsm: Softhsm

  beforeAll(async () => {
    softhsm = await startSofthsm(folder())
    for (const label of ['backups', 'twins', 'twins']) await softhsm.makeToken(label, PIN)
    await importKey('known', knownId, known)
    await importKey('short', '00112233445566aa', known.subarray(16))
    await importKey('nameless', '01', known)
    for (const id of ['00000000000000aa', '00000000000000bb']) await importKey('double', id, letters(70))
  })

  async function importKey(label: string, id: string, bytes: Buffer): Promise<void> {
    const file = join(folder(), `${label}-${id}.bin`)
    await writeFile(file, bytes, { mode: 0o600 })
    const object = ['--label', label, '--id', id, '--token', 'backups', '--pin', PIN]
    await softhsm.run('softhsm2-util', ['--import', file, '--aes', ...object, '--force'])
  }

  const ask = (...question: readonly string[]) => {
    const script = join(import.meta.dirname, '..', '..', 'support', 'token-object.mjs')
    return softhsm.run(process.execPath, [script, SOFTHSM_MODULE, 'backups', PIN, ...question])
  }
  const definition = (changes: Partial<Definition> = {}): Definition => ({
    ...{ type: 'pkcs11', module: SOFTHSM_MODULE, token: 'backups', label: 'known', pin: { env: 'PIN' } },
    ...changes,
  })
  function siteWith(changes: Partial<Definition> = {}, pin = PIN) {
    const site = { configFile: '/etc/holdfast/holdfast.yaml', keys: { hsm: definition(changes) } }
    const world = keyWorld({ ...process.env, ...softhsm.environment, PIN: pin })
    return { site, world, keys: createKeys(site, world) }
  }
  const opened = (changes: Partial<Definition> = {}): Promise<Key> => siteWith(changes).keys.named('hsm')
  async function failureOf(work: Promise<unknown>): Promise<HoldfastError> {
    const error = (await work.then(
      () => expect('it').toBe('refused'),
      (thrown: unknown) => thrown,
    )) as HoldfastError
    // Whatever goes wrong: the PIN is in no part of the error.
    expect(`${error.message} ${error.hint} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
      PIN,
    )
    return error
  }

  test('has the id that stands beside it, and wraps what AES-256-GCM opens elsewhere, and the other way round', async () => {
    const inToken = await opened()
    const here = localKey('known', known)

    expect(inToken.id).toBe(knownId)
    expect(await here.unwrap(await inToken.wrap(text, one), one)).toEqual(text)
    expect(await inToken.unwrap(await here.wrap(text, one), one)).toEqual(text)
    const nonces = await Promise.all([1, 2, 3].map(async () => (await inToken.wrap(text, one)).nonce))
    expect(new Set(nonces.map((nonce) => nonce.toString('hex'))).size).toBe(3)
  })

  test('opens what it wrapped for the same backup only, and nothing that was changed', async () => {
    const key = await opened()
    const wrapped = await key.wrap(text, one)
    const flipped = { ...wrapped, ciphertext: Buffer.from(wrapped.ciphertext).fill(0, 0, 1) }
    const cut = (length: number) => ({ ...wrapped, ciphertext: wrapped.ciphertext.subarray(0, length) })

    expect(await key.unwrap(wrapped, one)).toEqual(text)
    expect(await key.unwrap(wrapped, other)).toBeUndefined()
    expect(await key.unwrap(await testKey('x').wrap(text, one), one)).toBeUndefined()
    for (const damaged of [flipped, cut(20), cut(3), cut(0), { ...wrapped, nonce: Buffer.alloc(5) }])
      expect(await key.unwrap(damaged, one)).toBeUndefined()
    expect(await key.unwrap(wrapped, one)).toEqual(text)
  })

  test('opens a backup beside a key that is none, and takes its place and gives it back in a rotation', async () => {
    const [hsm, recovery, next] = [await opened(), testKey('recovery'), testKey('next')]
    const { signal } = new AbortController()
    const destination = fakeDestination()
    const place = { destination, plan: 'shop', backupId: '20261120-013000-shop-7f3a2c' }
    const random = (digits: number) => randomBytes(digits / 2).toString('hex')

    const dataKey = await makeDataKey(place, { keys: [hsm, recovery], random }, signal)
    for (const key of [hsm, recovery]) expect(await findDataKey(place, [key], signal)).toEqual(dataKey)

    expect(await rewrapDataKey(place, { from: hsm, to: next }, signal)).toBe(true)
    expect(await findDataKey(place, [hsm], signal)).toBeUndefined()
    expect(await rewrapDataKey(place, { from: next, to: hsm }, signal)).toBe(true)
    expect(await findDataKey(place, [hsm], signal)).toEqual(dataKey)
    expect(await findDataKey(place, [next], signal)).toBeUndefined()
  })

  test.each<[string, Partial<Definition>, string, string]>([
    ['a token that is not there', { token: 'gone' }, 'key.not-found', '"backups"'],
    ['two tokens of one label', { token: 'twins' }, 'key.invalid', 'another label'],
    ['a key that is not there', { label: 'gone' }, 'key.not-found', 'holdfast key create hsm'],
    ['a key with another id', { id: 'ffffffffffffffff' }, 'key.not-found', 'holdfast key create hsm'],
    ['two keys of one label', { label: 'double' }, 'key.invalid', '00000000000000bb'],
    ['a key of 128 bits', { label: 'short' }, 'key.invalid', 'holdfast key create hsm'],
    ['an id that others may have', { label: 'nameless' }, 'key.invalid', '--set-id'],
    ['a module that is not there', { module: '/gone.so' }, 'key.module-missing', '/gone.so'],
    ['a module that is no PKCS#11', { module: '/usr/bin/env' }, 'key.module-missing', '`module`'],
    ['a PIN that is not there', { pin: { env: 'NO_PIN' } }, 'secret.not-found', 'NO_PIN'],
  ])('%s is said, with what to do', async (_, changes, code, hint) => {
    expect(await failureOf(opened(changes))).toMatchObject({
      code,
      hint: expect.stringContaining(hint) as string,
    })
  })

  test('a key that the token would give away is refused', async () => {
    await ask('make-readable', 'readable', '00000000000000cc')

    expect(await ask('value-of', 'readable')).toBe('32 bytes')
    expect(await failureOf(opened({ label: 'readable' }))).toMatchObject({ code: 'key.unsafe' })
  })

  test('without its optional package, the command that installs it is said', async () => {
    const built = join(import.meta.dirname, '..', '..', '..', 'dist')
    await mkdir(join(folder(), 'bare'))
    await writeFile(join(folder(), 'bare', 'package.json'), '{ "type": "module" }')
    for (const part of ['core', 'activities/keys'])
      await cp(join(built, part), join(folder(), 'bare', part), { recursive: true })
    const program = join(folder(), 'bare', 'activities', 'keys', 'pkcs11', 'token-process.js')
    const { site, world } = siteWith()
    const tokens = createTokens({ program, environment: world.environment })

    expect(await failureOf(createKeys(site, { ...world, tokens }).named('hsm'))).toMatchObject({
      code: 'key.module-missing',
      hint: expect.stringContaining('npm rebuild pkcs11js --ignore-scripts=false') as string,
    })
  })

  test('one of two keys of one label is meant by its id', async () => {
    expect((await opened({ label: 'double', id: '00000000000000bb' })).id).toBe('00000000000000bb')
  })

  test('a wrong PIN is refused once by the token, and then by us', async () => {
    const { keys } = siteWith({}, 'pin-wrong-4711')

    const [first, second] = [await failureOf(keys.named('hsm')), await failureOf(keys.named('hsm'))]

    expect(first).toMatchObject({ code: 'key.denied', message: expect.stringContaining('PIN') as string })
    expect(second.message).toContain('not tried again')
    expect(`${first.message} ${first.hint} ${second.message} ${second.hint}`).not.toContain('pin-wrong-4711')
    expect(await keys.all()).toMatchObject({ keys: [], problems: [second.message] })
  })

  test('a key whose token was wiped meanwhile is an error, not a damaged backup', async () => {
    await softhsm.makeToken('brief', PIN)
    const { site, world, keys } = siteWith({ token: 'brief', label: 'main' })
    await createKeyByHand({ site, world }, 'hsm', undefined)
    const key = await keys.named('hsm')
    const wrapped = await key.wrap(text, one)

    await softhsm.run('softhsm2-util', ['--delete-token', '--token', 'brief'])

    expect(['key.not-found', 'key.unavailable']).toContain((await failureOf(key.unwrap(wrapped, one))).code)
  })

  describe('by hand', () => {
    test('is made once, as nobody can read it, and listed', async () => {
      const { site, world, keys } = siteWith({ label: 'made' })

      const made = (await createKeyByHand({ site, world }, 'hsm', undefined)) as MadeInToken

      expect(made).toEqual({
        ...{ name: 'hsm', token: 'backups', label: 'made' },
        keyId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      })
      expect((await keys.named('hsm')).id).toBe(made.keyId)
      expect(await ask('value-of', 'made')).toBe('CKR_ATTRIBUTE_SENSITIVE')
      expect(await failureOf(createKeyByHand({ site, world }, 'hsm', undefined))).toMatchObject({
        code: 'key.exists',
      })
      expect(await listKeysByHand({ site, keys })).toEqual([
        { name: 'hsm', type: 'pkcs11', where: '"made" in token "backups"', keyId: made.keyId },
      ])
    })

    test('is not made of a recovery sheet', async () => {
      const { site, world } = siteWith({ label: 'typed' })

      expect(await failureOf(createKeyByHand({ site, world }, 'hsm', 'digits'))).toMatchObject({
        code: 'flag.invalid',
      })
    })
  })
})

function letters(first: number): Buffer {
  return Buffer.from(Array.from({ length: 32 }, (_, index) => first + index))
}
