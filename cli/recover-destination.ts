import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { HoldfastError } from '../core/errors.js'
import type { Destination } from '../schemas/destinations.js'

/**
 * The destination that an argument means: a folder, a file with its settings, or the settings themselves. Fails with
 * `config.not-found`, `config.invalid`, `config.unsafe`.
 */
export async function destinationOf(argument: string): Promise<Destination> {
  if (argument.trimStart().startsWith('{')) return settingsIn(argument, 'DESTINATION')
  const path = resolve(argument)
  const found = await stat(path).catch((error: unknown) => {
    throw new HoldfastError('config.not-found', `There is no folder and no file ${path}.`, {
      hint: 'Give the folder that backups lie in, a file with the settings of the destination, or `{ type: …, … }`.',
      cause: error,
    })
  })
  if (found.isDirectory()) return { type: 'local', path }
  const { readOwnText } = await import('../site/read-text.js')
  return settingsIn(await readOwnText(path), path)
}

async function settingsIn(text: string, name: string): Promise<Destination> {
  const [{ readDestination }, { renderIssues }] = await Promise.all([
    import('../plan/read-destination.js'),
    import('../plan/issues.js'),
  ])
  const { destination, issues } = readDestination(text, name)
  if (destination !== undefined) return destination
  throw new HoldfastError('config.invalid', renderIssues(issues, { [name]: text }), {
    hint: 'Write what holdfast.yaml has under the name of the destination: docs/destinations.md.',
    details: { issues },
  })
}
