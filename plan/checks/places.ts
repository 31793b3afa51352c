import type { Destination } from '../../schemas/destinations.js'
import { errorAt, errorAtKey, type Draft, type Mistake } from '../mistakes.js'

/** Whether each destination is said completely, and no two are one place: each would take the backups of the other for its own. */
export function placeMistakes(destinations: Draft<Record<string, Destination>>): readonly Mistake[] {
  const seen = new Map<string, string>()
  return Object.entries(destinations).flatMap(([name, destination]) => {
    const own = ownMistakes(name, destination)
    const place = own.length === 0 ? placeOf(destination) : undefined
    if (place === undefined) return own
    const other = seen.get(place)
    seen.set(place, name)
    if (other === undefined) return []
    const what = destination.type === 'plugin' ? 'place' : 'folder'
    const at = ['destinations', name, destination.type === 'plugin' ? 'command' : 'path']
    return [errorAt(at, `is the ${what} of the destination "${other}", too.`)]
  })
}

function ownMistakes(name: string, destination: Draft<Destination>): readonly Mistake[] {
  if (destination.type === 'local') return folderMistakes(name, destination.path)
  return destination.type === 'sftp' ? loginMistakes(name, destination) : []
}

function folderMistakes(name: string, path: string | undefined): readonly Mistake[] {
  if (path === undefined) return []
  const at = ['destinations', name, 'path']
  if (path.split('/').includes('..')) return [errorAt(at, 'has ".." in it.', 'Write the path that it means.')]
  return tidy(path) === '' ? [errorAt(at, 'must be a folder, not the whole disk.')] : []
}

function loginMistakes(
  name: string,
  destination: Extract<Draft<Destination>, { type: 'sftp' }>,
): readonly Mistake[] {
  const at = ['destinations', name]
  const says = (key: 'privateKey' | 'passphrase' | 'password') => destination[key] !== undefined
  if (says('passphrase') && !says('privateKey'))
    return [errorAt([...at, 'passphrase'], 'opens no key: there is no "privateKey".')]
  if (says('privateKey') || says('password')) return []
  return [
    errorAtKey(
      at,
      'says neither "privateKey" nor "password".',
      'For example: privateKey: { file: /etc/holdfast/id_ed25519 }',
    ),
  ]
}

function placeOf(destination: Draft<Destination>): string | undefined {
  switch (destination.type) {
    case 'local':
      return destination.path === undefined ? undefined : `local ${tidy(destination.path)}`
    case 'sftp': {
      const { user, host, port = 22, path } = destination
      return path === undefined ? undefined : `sftp ${user}@${host}:${port} ${tidy(path)}`
    }
    case 's3':
      // Told with the rest of what may be wrong with a bucket.
      return undefined
    case 'plugin':
      return JSON.stringify([destination.command, destination.settings ?? {}])
  }
}

const tidy = (path: string): string => path.replace(/\/+/g, '/').replace(/\/$/, '')
