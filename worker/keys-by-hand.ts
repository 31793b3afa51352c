import { randomBytes } from 'node:crypto'
import { lstat } from 'node:fs/promises'
import { createKeyFile, keyExists } from '../activities/keys/create-key-file.js'
import { KEY_BYTES, keyIdOf } from '../activities/keys/derive.js'
import { linesOfDigits, readDigits } from '../activities/keys/digits.js'
import type { Keys, KeyWorld } from '../activities/keys/key.js'
import { createTokenKey } from '../activities/keys/pkcs11.js'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { assertNever } from '../core/assert.js'
import { didYouMean } from '../core/suggest.js'
import type { KeyDefinition } from '../schemas/keys.js'

/** What a person must keep apart from the machine. */
export interface RecoverySheet {
  readonly name: string
  readonly keyId: string
  /** The file that was written; left out for a key in the environment, which nobody but a person can set. */
  readonly path?: string
  readonly variable?: string
  /** The key itself: hex digits in groups, and after a dash those that prove their line. */
  readonly digits: readonly string[]
}

/** A key that was made where nobody can read it: there is no sheet. */
export interface MadeInToken {
  readonly name: string
  readonly keyId: string
  readonly token: string
  readonly label: string
}

export interface KeyLine {
  readonly name: string
  readonly type: string
  /** Left out where it cannot be opened here. */
  readonly keyId?: string
  readonly where: string
  readonly problem?: string
}

/** Before anybody types a sheet in: fails with `key.exists` where its key file is there already. */
export async function refuseExistingKey({ keys }: Pick<Site, 'keys'>, name: string): Promise<void> {
  const definition = Object.hasOwn(keys, name) ? keys[name] : undefined
  if (definition?.type === 'file' && (await isThere(definition.path))) throw keyExists(definition.path)
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/**
 * Makes the key that holdfast.yaml describes, or writes the one of a recovery sheet to its file. Needs no Temporal. Fails
 * with `key.not-found`, `key.exists`, `key.invalid`, `key.unsafe`; for one in a token, as `createTokenKey`.
 */
export async function createKeyByHand(
  { site, world }: { readonly site: Pick<Site, 'keys' | 'configFile'>; readonly world: KeyWorld },
  name: string,
  sheetText: string | undefined,
): Promise<RecoverySheet | MadeInToken> {
  const definition = Object.hasOwn(site.keys, name) ? site.keys[name] : undefined
  if (!definition) throw notDescribed(site, name)
  if (definition.type === 'pkcs11') {
    if (sheetText !== undefined) throw noSheet(name)
    const keyId = await createTokenKey(name, definition, { world, random })
    return { name, keyId, token: definition.token, label: definition.label }
  }
  const bytes = sheetText === undefined ? randomBytes(KEY_BYTES) : bytesOfSheet(sheetText)
  const sheet = { name, keyId: keyIdOf(bytes), digits: linesOfDigits(bytes) }
  if (definition.type === 'env') return { ...sheet, variable: definition.variable }
  await createKeyFile(definition.path, bytes)
  return { ...sheet, path: definition.path }
}

/** The keys of holdfast.yaml with their ids, which follow from the keys and tell nothing of them. */
export async function listKeysByHand({
  site,
  keys,
}: {
  readonly site: Pick<Site, 'keys'>
  readonly keys: Keys
}): Promise<readonly KeyLine[]> {
  const lines: KeyLine[] = []
  for (const [name, definition] of Object.entries(site.keys)) {
    const line = { name, type: definition.type, where: whereIs(definition) }
    try {
      lines.push({ ...line, keyId: (await keys.named(name)).id })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      lines.push({ ...line, problem: [error.message, error.hint].join(' ') })
    }
  }
  return lines
}

const random = (digits: number): string => randomBytes(digits / 2).toString('hex')

function whereIs(definition: KeyDefinition): string {
  switch (definition.type) {
    case 'file':
      return definition.path
    case 'env':
      return `$${definition.variable}`
    case 'pkcs11':
      return `"${definition.label}" in token "${definition.token}"`
    default:
      return assertNever(definition)
  }
}

const noSheet = (name: string): HoldfastError =>
  new HoldfastError('flag.invalid', `Key "${name}" is in a token: it is made there, never from a sheet.`, {
    hint: 'Describe a key of type `file` or `env` for the key of the sheet, and name it beside this one in `encryption.keys`.',
  })

function bytesOfSheet(text: string): Buffer {
  const read = readDigits(text)
  if (read.problem === undefined) return read.key
  throw new HoldfastError('key.invalid', `What was typed in is no key. ${read.problem}`, {
    hint: 'Compare it with the sheet, and type it in again: four lines of digits, with those after the dash.',
  })
}

const notDescribed = ({ keys, configFile }: Pick<Site, 'keys' | 'configFile'>, name: string): HoldfastError =>
  new HoldfastError('key.not-found', `There is no key "${name}" in ${configFile}.`, {
    hint:
      didYouMean(name, Object.keys(keys)) ??
      `Describe it there first: keys: { ${name}: { type: file, path: /etc/holdfast/${name}.key } }`,
  })
