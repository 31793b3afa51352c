import type { BackupJob, NamedSource } from '../../core/job.js'
import { selectorInWords } from '../../core/selectors.js'
import { listInWords } from '../words.js'

/** What `backup restore` does in place with a backup of this plan. */
export function restoreLines({ sets, encryption, destinations }: BackupJob): readonly string[] {
  const from =
    destinations.length === 1 ? destinations[0] : `the first good copy at ${listInWords(destinations)}`
  const key = encryption === undefined ? '' : `, and needs the ${keysInWords(encryption.keys)}`
  const services = [...new Set(sets.flatMap(({ hold }) => hold?.services.map(selectorInWords) ?? []))]
  const still =
    services.length === 0
      ? 'No service stops: keep what uses the data away from it meanwhile.'
      : `Only for the swap ${listInWords(services)} ${services.length === 1 ? 'stops' : 'stop'}; when it dies half-way, nothing starts on half-restored data until you say how it ends.`
  return [
    `Reads ${from}${key}. Everything is restored beside what is in use, and checked there, before anything changes. ${still}`,
    ...sets.flatMap((set) => set.sources.map(placeInWords)),
  ]
}

const keysInWords = (keys: readonly string[]): string =>
  keys.length === 1 ? `key ${keys[0]}` : `key ${keys.slice(0, -1).join(', ')} or ${keys.at(-1)}`

function placeInWords({ name, source }: NamedSource): string {
  switch (source.type) {
    case 'files':
      return `${name}: ${listInWords(source.paths)} ${source.paths.length === 1 ? 'is' : 'are'} replaced; the old data stays beside as the safety copy.`
    case 'volume':
      return `${name}: all that is in the volume ${source.volume} is replaced; the old data stays inside it as the safety copy.`
    case 'sqlite':
      return `${name}: the database files are replaced, without what their old write-ahead logs say; the old ones stay beside.`
    case 'postgres':
      return `${name}: each database is replaced by rename; the old one stays on the server under another name.`
    case 'mysql':
      return `${name}: no database is ever replaced; it makes those that are not there, or another with --database.`
  }
}
