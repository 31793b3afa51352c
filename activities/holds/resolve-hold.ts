import { HoldfastError } from '../../core/errors.js'
import { startOrder, stopOrder, type Needs } from '../../core/hold-order.js'
import type { PlannedHold, ResolvedHold } from '../../core/job.js'
import type { HeldServices } from '../../schemas/holds.js'
import { MOST_SERVICES } from '../../schemas/patterns.js'
import type { Problems } from '../problems.js'
import type { Tools } from '../tools.js'
import { observeForHold } from './observe-for-hold.js'
import { factsOf, type Facts } from './order.js'

export interface ResolveWork {
  readonly tools: Pick<Tools, 'services' | 'allowed'>
  readonly signal: AbortSignal
  readonly problems: Problems
  readonly warnings: string[]
}

/** A hold as this host knows it, with how the plan refers to each of its services. */
export interface HostHold {
  readonly hold: ResolvedHold
  /** By canonical reference. */
  readonly references: ReadonlyMap<string, HeldServices>
}

/**
 * What the hold of a plan means here: which services, each once, each allowed and there, and in what order they stop.
 * What is in the way goes to `problems`.
 */
export async function resolveHold(work: ResolveWork, planned: PlannedHold): Promise<HostHold> {
  const { services: wanted, after: _after, ...spec } = planned
  const { problems } = work
  const references = new Map<string, HeldServices>()
  const running = new Set<string>()
  for (const service of wanted)
    await problems.collect(() => addServices(work, { references, running, mode: planned.mode }, service))
  const found = [...references.keys()]
  if (found.length > MOST_SERVICES) await problems.collect(() => Promise.reject(tooMany(found.length)))

  const unordered = {
    needs: new Map<string, readonly string[]>(),
    stopsAlso: new Map<string, readonly string[]>(),
  }
  const facts: Facts = (await problems.collect(() => factsOf(work.tools, found, work.signal))) ?? unordered
  for (const [service, others] of facts.stopsAlso)
    await problems.collect(() => Promise.reject(stopsOthers(service, others)))
  const said = await saidBy(work, planned, found)
  const needs = together(facts.needs, said)
  const { services, circle } = stopOrder(found, needs)
  if (circle !== undefined && said.size > 0) await problems.collect(() => Promise.reject(inCircle(circle)))
  else if (circle !== undefined)
    work.warnings.push(`${circle.join(' needs ')}: of these none can be the first to stop.`)
  const startAfter = startOrder(services, running, await outside(work, services, needs))
  return { hold: { ...spec, services, startAfter }, references }
}

interface Found {
  readonly references: Map<string, HeldServices>
  readonly running: Set<string>
  readonly mode: PlannedHold['mode']
}

async function addServices(
  work: ResolveWork,
  { references, running, mode }: Found,
  wanted: HeldServices,
): Promise<void> {
  const check = async (canonical: string) => {
    if (await isRunning(work, { service: canonical, mode })) running.add(canonical)
  }
  const { services } = work.tools
  if (typeof wanted !== 'string') {
    // Whatever the plan names besides may have the label, too.
    for (const canonical of await services.find(wanted, work.signal)) {
      await work.problems.collect(() => check(canonical))
      if (!references.has(canonical)) references.set(canonical, wanted)
    }
    return
  }
  const canonical = await services.resolve(wanted, work.signal)
  await check(canonical)
  const twin = references.get(canonical)
  // Two leases of one run on one service would wait for each other.
  if (typeof twin === 'string') throw isOneService(twin, wanted, canonical)
  references.set(canonical, wanted)
}

/** Fails where it is not there, or may not be held. */
async function isRunning(
  { tools, signal, warnings }: ResolveWork,
  held: Parameters<typeof observeForHold>[1],
): Promise<boolean> {
  const { state } = await observeForHold(tools, held, signal)
  if (state !== 'running') warnings.push(`Service ${held.service} is ${state} already, and will be left so.`)
  return state === 'running'
}

/** What the plan itself says under `after`. */
async function saidBy(
  { tools, signal, problems }: ResolveWork,
  { after = {} }: PlannedHold,
  found: readonly string[],
): Promise<Needs> {
  const said = new Map<string, readonly string[]>()
  const resolve = (reference: string) => problems.collect(() => tools.services.resolve(reference, signal))
  for (const [reference, others] of Object.entries(after)) {
    const service = await resolve(reference)
    if (service === undefined) continue
    if (!found.includes(service)) await problems.collect(() => Promise.reject(notHeld(reference)))
    const needed = await Promise.all(others.map(resolve))
    said.set(service, [...(said.get(service) ?? []), ...needed.filter((other) => other !== undefined)])
  }
  return said
}

function together(some: Needs, more: Needs): Needs {
  const all = new Map(some)
  for (const [service, needed] of more) all.set(service, [...(all.get(service) ?? []), ...needed])
  return all
}

/** What is needed and not held may be held by another run: guards look whether it is back, where they may. */
async function outside(
  { tools, signal }: ResolveWork,
  services: readonly string[],
  needs: Needs,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const isAllowed = new Map<string, boolean>()
  const startAfter = new Map<string, readonly string[]>()
  for (const service of services) {
    const others = [...new Set(needs.get(service))].filter((other) => !services.includes(other))
    for (const other of others.filter((one) => !isAllowed.has(one))) {
      isAllowed.set(other, await tools.allowed.service(other).then(() => true, isRefusal(signal)))
    }
    const waited = others.filter((other) => isAllowed.get(other))
    if (waited.length > 0) startAfter.set(service, waited)
  }
  return startAfter
}

const isRefusal =
  (signal: AbortSignal) =>
  (error: unknown): false => {
    signal.throwIfAborted()
    if (error instanceof HoldfastError) return false
    throw error
  }

const isOneService = (one: string, other: string, canonical: string): HoldfastError =>
  new HoldfastError('service.invalid', `"${one}" and "${other}" are the same service: ${canonical}.`, {
    hint: 'Remove one of them from `hold.services`.',
  })

const stopsOthers = (service: string, others: readonly string[]): HoldfastError =>
  new HoldfastError(
    'service.invalid',
    `With ${service} its runtime stops ${others.join(', ')}, and nobody would start that again.`,
    { hint: `Add ${others.join(', ')} to \`hold.services\`.` },
  )

const notHeld = (reference: string): HoldfastError =>
  new HoldfastError('service.invalid', `"${reference}" stands in \`hold.after\`, but is not held.`, {
    hint: 'Add it to `hold.services`, or remove it from `hold.after`.',
  })

const inCircle = (circle: readonly string[]): HoldfastError =>
  new HoldfastError('service.invalid', `No order fits the hold: ${circle.join(' needs ')}.`, {
    hint: 'Correct `hold.after`: it counts together with what Docker and systemd say of these services.',
  })

const tooMany = (count: number): HoldfastError =>
  new HoldfastError(
    'service.invalid',
    `The hold has ${count} services on this host, and ${MOST_SERVICES} are the most.`,
    {
      hint: 'Use a label that only the services of this plan have.',
    },
  )
