import type { Path } from './locate.js'
import type { Draft, Mistake } from './mistakes.js'

/**
 * The value without what the schema refuses, so that the other checks can still say what they have to say about the
 * rest: all mistakes show at once. A list loses itself rather than an item, since its positions are part of messages.
 */
export function prune<T>(value: unknown, mistakes: readonly Mistake[]): Draft<T> {
  const copy = JSON.parse(JSON.stringify(value)) as unknown
  for (const { path, isAbsence } of mistakes) if (isAbsence !== true) take(copy, path)
  return copy as Draft<T>
}

function take(root: unknown, path: Path): void {
  const list = path.findIndex((step) => typeof step === 'number')
  const place = list === -1 ? path : path.slice(0, list)
  // An entry whose type is wrong says nothing that a check could rely on.
  const taken = place.at(-1) === 'type' ? place.slice(0, -1) : place
  const parent = recordAt(root, taken.slice(0, -1))
  const key = taken.at(-1)
  if (parent === undefined || key === undefined) return
  // The entries of a map are there or not; a field that was said wrongly stays, as undefined.
  if (isMapOfEntries(taken.slice(0, -1))) Reflect.deleteProperty(parent, key)
  else parent[key] = undefined
}

/** `sources`, `services` and `destinations`, also those of `retention`, have entries by the names that users give. */
const isMapOfEntries = (path: Path): boolean =>
  MAPS_OF_ENTRIES.has(path[0] === 'defaults' ? path.slice(1).join('.') : path.join('.'))
const MAPS_OF_ENTRIES: ReadonlySet<string> = new Set([
  'sources',
  'services',
  'destinations',
  'retention.destinations',
])

function recordAt(root: unknown, path: Path): Record<string | number, unknown> | undefined {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>) : undefined
}
