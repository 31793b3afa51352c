import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { Alarms } from '../../activities/alarms.js'
import type { Allowed } from '../../activities/allowed.js'
import { createCatalog } from '../../activities/catalog/create-catalog.js'
import type { Journal } from '../../activities/journal/journal.js'
import type { ServiceDriver } from '../../activities/services/driver.js'
import type { ServiceRegistry, Tools } from '../../activities/tools.js'
import { HoldfastError } from '../../core/errors.js'
import { selectorInWords } from '../../core/selectors.js'
import type { ObservedService } from '../../core/work/holds.js'
import { fakeDestination, type FakeDestination } from './destination.js'
import { fakeKeys } from './keys.js'
import { fakeLog, type FakeLog } from './log.js'
import { fakeSite } from './site.js'
import { testSpool } from './spool.js'

/** What a test changes and looks at; the tools read it at the moment of use. */
export interface FakeWorld {
  now: Date
  /** By name, as holdfast.yaml has them. */
  readonly destinations: Record<string, FakeDestination>
  /** Canonical references by whatever a plan writes. */
  readonly references: Map<string, string>
  /** By canonical reference. */
  readonly services: Map<string, ObservedService>
  /** Canonical references by a selector in words. */
  readonly selected: Map<string, readonly string[]>
  /** What runtimes say of services, by canonical reference. */
  readonly needs: Map<string, readonly string[]>
  readonly stopsAlso: Map<string, readonly string[]>
  /** What holdfast.yaml does not allow: `service docker:web`, `read /etc` … */
  readonly forbidden: Set<string>
  /** Status of runs by `workflow id/run id`, as Temporal says it; undefined: Temporal does not answer. */
  readonly runs: Map<string, string | undefined>
  readonly alarms: Map<string, string>
  readonly log: FakeLog
  /** By plan, as the plans are now. */
  readonly wantedKeys: Map<string, readonly string[]>
  isLeaving: boolean
}

export interface FakeTools extends Tools {
  readonly world: FakeWorld
}

/**
 * Tools of a world in memory: one destination "disk", no services, nothing forbidden. `stateDir` (and so the cache of the
 * catalog, which works without one) is nowhere, unless `site` says where.
 */
export function fakeTools(overrides: Partial<Tools> = {}): FakeTools {
  const site = overrides.site ?? fakeSite()
  const world: FakeWorld = {
    now: new Date('2026-03-05T12:00:00.000Z'),
    destinations: {},
    references: new Map(),
    selected: new Map(),
    needs: new Map(),
    stopsAlso: new Map(),
    services: new Map(),
    forbidden: new Set(),
    runs: new Map(),
    alarms: new Map(),
    log: fakeLog(),
    wantedKeys: new Map(),
    isLeaving: false,
  }
  for (const name of Object.keys(site.destinations))
    world.destinations[name] = fakeDestination(name, () => world.now)
  const destination: Tools['destination'] = async (name) => {
    const found = world.destinations[name]
    if (found) return found
    throw new HoldfastError(
      'destination.not-found',
      `There is no destination "${name}" in ${site.configFile}.`,
    )
  }
  let randoms = 0
  const keys = overrides.keys ?? fakeKeys([])

  return {
    world,
    site,
    services: servicesOf(world),
    secrets: { resolve: async () => 'secret' },
    keys,
    journal: nothing<Journal>('the journal'),
    alarms: alarmsOf(world),
    allowed: allowedOf(world),
    catalog: createCatalog({
      destinations: destination,
      site,
      keys,
      wantedKeys: async () => (plan) => world.wantedKeys.get(plan),
      cacheFolder: `${site.stateDir}/cache/manifests`,
      log: fakeLog(),
    }),
    spool: testSpool(site.stateDir),
    clock: () => world.now,
    random: (digits) => (++randoms).toString(16).padStart(digits, '0'),
    log: world.log,
    client: clientOf(world),
    versions: { holdfast: '0.1.0' },
    destination,
    isLeaving: async () => world.isLeaving,
    shell: () => nothing('a shell'),
    volumePath: async (volume) => `/var/lib/docker/volumes/${volume}/_data`,
    ...overrides,
  }
}

function servicesOf(world: FakeWorld): ServiceRegistry {
  const observe = async (service: string): Promise<ObservedService> => {
    const found = world.services.get(service)
    if (found) return found
    throw new HoldfastError('service.not-found', `Service ${service} does not exist.`, { hint: 'Start it.' })
  }
  return {
    resolve: async (reference) => {
      const canonical = world.references.get(reference) ?? reference
      await observe(canonical)
      return canonical
    },
    find: async (selector) => world.selected.get(selectorInWords(selector)) ?? [],
    driver: (reference) => ({
      name: reference.slice(reference.indexOf(':') + 1),
      driver: {
        observe: () => observe(reference),
        relations: async () => ({
          startsAfter: world.needs.get(reference) ?? [],
          stopsAlso: world.stopsAlso.get(reference) ?? [],
        }),
      } as unknown as ServiceDriver,
    }),
  }
}

const alarmsOf = ({ alarms }: FakeWorld): Alarms => ({
  raise: async ({ cause, summary }) => void alarms.set(cause, summary),
  resolve: async (cause) => void alarms.delete(cause),
  open: async () => [],
})

function allowedOf({ forbidden }: FakeWorld): Allowed {
  const check = (kind: string, code: 'plan.not-allowed' | 'restore.not-allowed') => async (what: unknown) => {
    const asked = `${kind} ${typeof what === 'string' ? what : JSON.stringify(what)}`
    if (forbidden.has(asked))
      throw new HoldfastError(code, `Not allowed: ${asked}.`, { hint: 'Add it under `allow`.' })
  }
  return {
    service: check('service', 'plan.not-allowed'),
    readPath: check('read', 'plan.not-allowed'),
    restorePath: check('restore', 'restore.not-allowed'),
    volume: check('volume', 'plan.not-allowed'),
    password: check('secret', 'plan.not-allowed'),
  }
}

const clientOf = ({ runs }: FakeWorld): Client =>
  ({
    workflow: {
      getHandle: (workflowId: string, runId: string) => ({
        describe: async () => {
          const run = `${workflowId}/${runId}`
          if (!runs.has(run)) throw new WorkflowNotFoundError('workflow not found', workflowId, runId)
          const name = runs.get(run)
          if (name === undefined) throw new Error('Temporal does not answer')
          return { status: { name } }
        },
      }),
    },
  }) as unknown as Client

/** For parts that a test does not expect to be touched. */
const nothing = <T extends object>(what: string): T =>
  new Proxy({} as T, {
    get: (_, property) => {
      throw new Error(`This test has no ${what}: ${String(property)}`)
    },
  })
