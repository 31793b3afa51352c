import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeys } from '../../../activities/keys/create-keys.js'
import { linesOfDigits, readDigits } from '../../../activities/keys/digits.js'
import { renderSheet } from '../../../cli/output/keys.js'
import { createKeyByHand, listKeysByHand, type RecoverySheet } from '../../../worker/keys-by-hand.js'
import { keyWorld } from '../../support/key-world.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const folder = temporaryFolder()
const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const hex = bytes.toString('hex')
const path = (name: string) => join(folder(), name)

function siteWith(name: string) {
  const site = {
    configFile: '/etc/holdfast/holdfast.yaml',
    keys: {
      main: { type: 'file' as const, path: path(name) },
      recovery: { type: 'env' as const, variable: 'RECOVERY_KEY' },
    },
  }
  const world = keyWorld({ RECOVERY_KEY: hex })
  return { site, world, keys: createKeys(site, world) }
}

test('one key has one id, wherever it is', async () => {
  await writeFile(path('one.key'), bytes, { mode: 0o400 })
  const { keys } = siteWith('one.key')

  const [main, recovery] = [await keys.named('main'), await keys.named('recovery')]

  // HKDF-SHA-256 without salt, info "holdfast key id", its first eight bytes.
  expect(main.id).toBe(recovery.id)
  expect(main.id).toMatch(/^[0-9a-f]{16}$/)
  expect(hex).not.toContain(main.id)
})

test('what one key wraps it opens, for the same backup only, and no other key does', async () => {
  await writeFile(path('wrap.key'), Buffer.alloc(32, 9), { mode: 0o400 })
  const { keys } = siteWith('wrap.key')
  const [main, recovery] = [await keys.named('main'), await keys.named('recovery')]
  const [one, other] = [Buffer.from('backup one'), Buffer.from('backup two')]

  const wrapped = await main.wrap(bytes, one)
  const flipped = { ...wrapped, ciphertext: Buffer.from(wrapped.ciphertext).fill(0, 0, 1) }

  expect(await main.unwrap(wrapped, one)).toEqual(bytes)
  expect(await main.unwrap(wrapped, other)).toBeUndefined()
  expect(await recovery.unwrap(wrapped, one)).toBeUndefined()
  expect(await main.unwrap(flipped, one)).toBeUndefined()
  expect(await main.unwrap({ ...wrapped, ciphertext: Buffer.alloc(3) }, one)).toBeUndefined()
})

test.each([0o440, 0o404, 0o420, 0o644])('a file of mode %o is refused, with what mends it', async (mode) => {
  await writeFile(path(`mode-${mode}.key`), bytes)
  await chmod(path(`mode-${mode}.key`), mode)

  await expect(siteWith(`mode-${mode}.key`).keys.named('main')).rejects.toMatchObject({
    code: 'key.unsafe',
    hint: `chmod 400 ${path(`mode-${mode}.key`)}`,
  })
})

test.each([0o755, 0o400])(
  'a folder of mode %o in its place is named, and hides no other key',
  async (mode) => {
    await mkdir(path(`folder-${mode}.key`), { mode })

    const { keys, problems } = await siteWith(`folder-${mode}.key`).keys.all()

    expect(keys.map(({ name }) => name)).toEqual(['recovery'])
    expect(problems).toEqual([
      `Key file ${path(`folder-${mode}.key`)} of key "main" is no file, but a folder.`,
    ])
  },
)

test.each([
  ['empty', Buffer.alloc(0)],
  ['a byte short', bytes.subarray(1)],
  ['a byte long, as with a line break', Buffer.concat([bytes, Buffer.from('\n')])],
  ['in hex', Buffer.from(hex)],
])('a file that is %s is no key, and its content is not told', async (what, content) => {
  const name = `${what.replaceAll(/\W/g, '-')}.key`
  await writeFile(path(name), content, { mode: 0o400 })

  const error = await siteWith(name)
    .keys.named('main')
    .catch((thrown: Error) => thrown)

  expect(error).toMatchObject({ code: 'key.invalid' })
  expect(JSON.stringify([error, (error as Error).message])).not.toContain(hex.slice(2, 20))
})

test.each([
  ['not set', undefined, 'key.not-found'],
  ['empty', '', 'key.not-found'],
  ['a digit short', hex.slice(1), 'key.invalid'],
  ['a password', 'correct horse battery staple', 'key.invalid'],
])('a variable that is %s is no key, and its value is not told', async (_, value, code) => {
  const { site } = siteWith('any.key')
  const keys = createKeys(site, keyWorld({ RECOVERY_KEY: value }))

  const error = (await keys.named('recovery').catch((thrown: Error) => thrown)) as Error

  expect(error).toMatchObject({ code })
  if (value) expect(error.message).not.toContain(value)
})

test('a name that is not there is answered with the one that was meant', async () => {
  await expect(siteWith('any.key').keys.named('mian')).rejects.toMatchObject({
    code: 'key.not-found',
    hint: 'Did you mean "main"?',
  })
})

test('of several keys those that can be opened are used, and the others are named', async () => {
  const { keys, problems } = await siteWith('absent.key').keys.all()

  expect(keys.map(({ name }) => name)).toEqual(['recovery'])
  expect(problems).toEqual([`Key file ${path('absent.key')} of key "main" does not exist.`])
})

describe('by hand', () => {
  test('a key is made once, for its owner to read, and never overwritten', async () => {
    const { site, world, keys } = siteWith('made.key')

    const sheet = (await createKeyByHand({ site, world }, 'main', undefined)) as RecoverySheet

    const made = await readFile(path('made.key'))
    expect((await stat(path('made.key'))).mode & 0o777).toBe(0o400)
    expect(readDigits(sheet.digits.join(' '))).toEqual({ key: made })
    expect((await keys.named('main')).id).toBe(sheet.keyId)
    await expect(createKeyByHand({ site, world }, 'main', undefined)).rejects.toMatchObject({
      code: 'key.exists',
    })
    expect(await readFile(path('made.key'))).toEqual(made)
  })

  test('a sheet makes the same key again', async () => {
    const { site, world } = siteWith('again.key')
    const printed = { name: 'main', keyId: 'id', path: path('old.key'), digits: linesOfDigits(bytes) }

    const sheet = await createKeyByHand({ site, world }, 'main', renderSheet(printed))

    expect(await readFile(path('again.key'))).toEqual(bytes)
    expect(sheet).toMatchObject({ name: 'main', path: path('again.key') })
    await expect(createKeyByHand({ site, world }, 'main', 'no key')).rejects.toMatchObject({
      code: 'key.invalid',
    })
  })

  test('keys are listed with what is wrong with them, and never shown', async () => {
    const lines = await listKeysByHand(siteWith('nowhere.key'))

    expect(lines).toMatchObject([
      { name: 'main', type: 'file', problem: expect.stringContaining('does not exist') as string },
      { name: 'recovery', type: 'env', where: '$RECOVERY_KEY', keyId: expect.any(String) as string },
    ])
    expect(JSON.stringify(lines)).not.toContain(hex)
  })
})
