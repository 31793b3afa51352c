import type { Item } from './backup.js'
import { HoldfastError } from './errors.js'
import { isException } from './globs.js'
import type { HoldSpec } from './job.js'
import { isServerDatabase } from './server-databases.js'
import type { RestoreRequest } from './work/restore.js'

/**
 * The items that a restore is about. Fails with `flag.invalid` when the request leaves open where one of them goes, or what
 * of it: what was meant for one source must never replace another one.
 */
export function selectItems(items: readonly Item[], request: RestoreRequest): readonly Item[] {
  const names = items.map(({ source }) => source)
  for (const name of request.sources ?? [])
    if (!names.includes(name))
      throw invalid(`The backup has no source "${name}".`, `Choose among: ${names.join(', ')}.`)
  const selected = items.filter(({ source }) => request.sources?.includes(source) ?? true)
  if (selected.length === 0) throw invalid('The backup has no source to restore.', 'Choose another backup.')

  const databases = selected.filter(isDatabase).map(({ source }) => source)
  const others = selected.filter((item) => !isDatabase(item)).map(({ source }) => source)
  if (request.database !== undefined) requireDatabase(databases, others, request)
  if (request.to !== undefined && databases.length > 0 && request.database === undefined)
    throw invalid(
      `\`--to\` does not say where the ${nouns('database', databases)} should go.`,
      'Add `--database NAME`, or choose the other sources with `--source`.',
    )
  if (request.include !== undefined && databases.length > 0)
    throw invalid(
      `\`--include\` is about files: of the ${nouns('database', databases)} nothing can be left out.`,
      'Choose the sources with files with `--source`.',
    )
  const exception = request.include?.find(isException)
  if (exception !== undefined)
    throw invalid(
      `\`--include "${exception}"\` starts with !, but globs have no exceptions: each brings what it matches.`,
      'Name only what to bring. For a name that starts with !, write "\\!".',
    )
  return selected
}

function requireDatabase(
  databases: readonly string[],
  others: readonly string[],
  { to }: RestoreRequest,
): void {
  if (databases.length !== 1)
    throw invalid(
      `\`--database\` names one database, and ${databases.length === 0 ? 'no source is one' : `there are ${databases.length}: ${databases.join(', ')}`}.`,
      'Choose one source that is a database with `--source`.',
    )
  if (others.length > 0 && to === undefined)
    throw invalid(
      `\`--database\` does not say where the ${nouns('source', others)} should go.`,
      'Add `--to FOLDER`, or choose the database with `--source`.',
    )
}

const isDatabase = ({ type }: Item): boolean => isServerDatabase(type)

/** Whether the restore replaces what the item came from. */
export const isInPlace = (item: Item, { to, database }: RestoreRequest): boolean =>
  isDatabase(item) ? database === undefined : to === undefined

/**
 * What stands still while these items are swapped in: the services of all their holds, in stop order, each with the
 * largest of its limits. Undefined when nothing in place is replaced, or all of it is live.
 */
export function restoreHold(items: readonly Item[], request: RestoreRequest): HoldSpec | undefined {
  const holds = items.flatMap((item) => (item.hold && isInPlace(item, request) ? [item.hold] : []))
  const [first, ...others] = holds
  if (!first) return undefined
  return others.reduce(
    (all, hold): HoldSpec => ({
      services: [...all.services, ...hold.services.filter((service) => !all.services.includes(service))],
      mode: all.mode === 'stop' || hold.mode === 'stop' ? 'stop' : 'pause',
      maxDowntimeMs: Math.max(all.maxDowntimeMs, hold.maxDowntimeMs),
      stopTimeoutMs: Math.max(all.stopTimeoutMs, hold.stopTimeoutMs),
      onInconsistent: all.onInconsistent,
      healthyWithinMs: Math.max(all.healthyWithinMs, hold.healthyWithinMs),
    }),
    first,
  )
}

const nouns = (noun: string, names: readonly string[]): string =>
  `${noun}${names.length === 1 ? '' : 's'} ${names.map((name) => `"${name}"`).join(', ')}`

const invalid = (message: string, hint: string): HoldfastError =>
  new HoldfastError('flag.invalid', message, { hint })
