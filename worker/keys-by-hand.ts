import { randomBytes } from 'node:crypto'
import { createKeys } from '../activities/keys/create-keys.js'
import { createKeyFile } from '../activities/keys/create-key-file.js'
import { KEY_BYTES, keyIdOf } from '../activities/keys/derive.js'
import { linesOfDigits, readDigits } from '../activities/keys/digits.js'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { didYouMean } from '../core/suggest.js'

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

export interface KeyLine {
  readonly name: string
  readonly type: string
  /** Left out where it cannot be opened here. */
  readonly keyId?: string
  readonly where: string
  readonly problem?: string
}

/**
 * Makes the key that holdfast.yaml describes, or writes the one of a recovery sheet to its file. Needs no Temporal. Fails
 * with `key.not-found`, `key.exists`, `key.invalid`, `key.unsafe`.
 */
export async function createKeyByHand(
  site: Pick<Site, 'keys' | 'configFile'>,
  name: string,
  sheetText: string | undefined,
): Promise<RecoverySheet> {
  const definition = Object.hasOwn(site.keys, name) ? site.keys[name] : undefined
  if (!definition) throw notDescribed(site, name)
  const bytes = sheetText === undefined ? randomBytes(KEY_BYTES) : bytesOfSheet(sheetText)
  const sheet = { name, keyId: keyIdOf(bytes), digits: linesOfDigits(bytes) }
  if (definition.type === 'env') return { ...sheet, variable: definition.variable }
  await createKeyFile(definition.path, bytes)
  return { ...sheet, path: definition.path }
}

/** The keys of holdfast.yaml with their ids, which follow from the keys and tell nothing of them. */
export async function listKeysByHand(
  site: Pick<Site, 'keys' | 'configFile'>,
  environment: NodeJS.ProcessEnv,
): Promise<readonly KeyLine[]> {
  const keys = createKeys(site, { environment })
  const lines: KeyLine[] = []
  for (const [name, definition] of Object.entries(site.keys)) {
    const where = definition.type === 'file' ? definition.path : `$${definition.variable}`
    const line = { name, type: definition.type, where }
    try {
      lines.push({ ...line, keyId: (await keys.named(name)).id })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      lines.push({ ...line, problem: [error.message, error.hint].join(' ') })
    }
  }
  return lines
}

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
