import { assert } from './assert.js'

/** What a service needs, by canonical reference: it starts after these, and stops before them. */
export type Needs = ReadonlyMap<string, readonly string[]>

export interface StopOrder {
  /** All of the services that were given, each once. They start in the reverse order. */
  readonly services: readonly string[]
  /** The first circle that was found, from a service back to itself: no order fits it, so it counted for nothing. */
  readonly circle?: readonly string[]
}

/**
 * The order in which the services of a hold stop: each before those that it needs, also where it needs them through
 * services that are not held; otherwise as given.
 */
export function stopOrder(services: readonly string[], needs: Needs): StopOrder {
  const needed = new Map(services.map((service) => [service, neededBy(service, needs)]))
  const isNeededBy = (service: string, other: string) =>
    service !== other && needed.get(other)?.has(service) === true
  const ordered: string[] = []
  let circle: readonly string[] | undefined
  let rest: readonly string[] = [...new Set(services)]
  for (let first = rest[0]; first !== undefined; first = rest[0]) {
    const free = rest.find((service) => !rest.some((other) => isNeededBy(service, other)))
    if (free === undefined) circle ??= circleAmong(first, rest, isNeededBy)
    const next = free ?? first
    ordered.push(next)
    rest = rest.filter((service) => service !== next)
  }
  return { services: ordered, ...(circle === undefined ? {} : { circle }) }
}

/**
 * For whom each service waits before it starts; who waits for nobody is left out: for the next one that runs, which waits for
 * its own, so that together they start in the reverse of their order; and for what it needs besides.
 * @param services in stop order
 * @param outside what is not held, by who needs it
 */
export function startOrder(
  services: readonly string[],
  running: ReadonlySet<string>,
  outside: Needs = new Map(),
): Readonly<Record<string, readonly string[]>> {
  const waits = services.map((service, i): [string, readonly string[]] => {
    const next = services.slice(i + 1).find((later) => running.has(later))
    return [service, [...(next === undefined ? [] : [next]), ...(outside.get(service) ?? [])]]
  })
  return Object.fromEntries(waits.filter(([, others]) => others.length > 0))
}

/** All that a service needs, also through others. */
function neededBy(service: string, needs: Needs): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...(needs.get(service) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(needs.get(next) ?? []))
  }
  return found
}

/** Each of these is needed by another of them: whoever goes from one to who needs it comes by a service twice. */
function circleAmong(
  first: string,
  services: readonly string[],
  isNeededBy: (service: string, other: string) => boolean,
): readonly string[] {
  const path: string[] = []
  let at = first
  while (!path.includes(at)) {
    path.unshift(at)
    const needed = at
    const needing = services.find((other) => isNeededBy(needed, other))
    assert(needing !== undefined, 'nobody needs a service that could not stop first')
    at = needing
  }
  return [at, ...path.slice(0, path.indexOf(at) + 1)]
}
