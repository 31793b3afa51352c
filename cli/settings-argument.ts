import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { HoldfastError } from '../core/errors.js'
import type { Entries } from '../plan/read-entry.js'
import type { Destination } from '../schemas/destinations.js'
import type { KeyDefinition } from '../schemas/keys.js'

/**
 * The destination that an argument means: a folder, a file with its settings, or the settings themselves. Fails with
 * `config.not-found`, `config.invalid`, `config.unsafe`.
 */
export async function destinationOf(argument: string): Promise<Destination> {
  if (isSettings(argument)) return settingsIn(argument, { file: 'DESTINATION', folder: 'destinations' })
  const path = resolve(argument)
  const found = await statOf(path, {
    message: `There is no folder and no file ${path}.`,
    hint: 'Give the folder that backups lie in, a file with the settings of the destination, or `{ type: …, … }`.',
  })
  if (found.isDirectory()) return { type: 'local', path }
  return settingsInFile(path, 'destinations')
}

/** The key that an argument means: a file with its settings, or the settings themselves. Fails as `destinationOf`. */
export async function keyOf(argument: string): Promise<KeyDefinition> {
  if (isSettings(argument)) return settingsIn(argument, { file: '--key-settings', folder: 'keys' })
  const path = resolve(argument)
  await statOf(path, {
    message: `There is no file ${path}.`,
    hint: 'Give a file with the settings of the key, or `{ type: …, … }`. A key file is given with --key.',
  })
  return settingsInFile(path, 'keys')
}

const isSettings = (argument: string): boolean => argument.trimStart().startsWith('{')

const statOf = (path: string, { message, hint }: { readonly message: string; readonly hint: string }) =>
  stat(path).catch((cause: unknown) => {
    throw new HoldfastError('config.not-found', message, { hint, cause })
  })

async function settingsInFile<F extends keyof Entries>(path: string, folder: F): Promise<Entries[F]> {
  const { readOwnText } = await import('../site/read-text.js')
  return settingsIn(await readOwnText(path), { file: path, folder })
}

const PAGES = { destinations: 'the destination: docs/destinations.md', keys: 'the key: docs/encryption.md' }

async function settingsIn<F extends keyof Entries>(
  text: string,
  { file, folder }: { readonly file: string; readonly folder: F },
): Promise<Entries[F]> {
  const [{ readEntry }, { renderIssues }] = await Promise.all([
    import('../plan/read-entry.js'),
    import('../plan/issues.js'),
  ])
  const { entry, issues } = readEntry(text, { file, folder })
  if (entry !== undefined) return entry
  throw new HoldfastError('config.invalid', renderIssues(issues, { [file]: text }), {
    hint: `Write what holdfast.yaml has under the name of ${PAGES[folder]}.`,
    details: { issues },
  })
}
