import type { Needs } from '../../core/hold-order.js'
import type { Tools } from '../tools.js'

/** What the runtimes of this host say of services that stop together. */
export interface Facts {
  readonly needs: Needs
  /** By service of the hold: what its runtime stops with it although the hold does not name it. */
  readonly stopsAlso: ReadonlyMap<string, readonly string[]>
}

/** Asks the runtime of each service. Canonical references. */
export async function factsOf(
  { services: registry }: Pick<Tools, 'services'>,
  services: readonly string[],
  signal: AbortSignal,
): Promise<Facts> {
  const needs = new Map<string, readonly string[]>()
  const stopsAlso = new Map<string, readonly string[]>()
  const need = (who: string, what: readonly string[]) => needs.set(who, [...(needs.get(who) ?? []), ...what])
  for (const service of services) {
    const { driver, name } = registry.driver(service)
    const relations = await driver.relations?.(name, signal)
    if (!relations) continue
    need(service, relations.startsAfter)
    // Stopped first and by us, it is started again; stopped along the way it would be found stopped, and left so.
    for (const also of relations.stopsAlso) need(also, [service])
    const unnamed = relations.stopsAlso.filter((also) => !services.includes(also))
    if (unnamed.length > 0) stopsAlso.set(service, unnamed)
  }
  return { needs, stopsAlso }
}
