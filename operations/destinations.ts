import { assertNever } from '../core/assert.js'
import type { Site } from '../core/site.js'
import type { DestinationTrial } from '../core/work/catalog.js'
import type { CompiledPlan } from '../plan/compile.js'
import type { Destination } from '../schemas/destinations.js'
import { loadPlans } from '../site/plans.js'
import { askHost, type Asker } from './questions.js'

export interface ListedDestination {
  readonly destination: string
  readonly type: Destination['type']
  /** In words: path, bucket, server. */
  readonly place: string
  /** Plans that name it. */
  readonly plans: readonly string[]
}

/** The destinations of holdfast.yaml. Nothing is asked: `tryDestination` does. Plans with mistakes are left out. */
export async function listDestinations(site: Site): Promise<readonly ListedDestination[]> {
  const { plans } = await loadPlans(site)
  return Object.entries(site.destinations).map(([name, settings]) => ({
    destination: name,
    type: settings.type,
    place: placeOf(settings),
    plans: usersOf(name, plans).map((plan) => plan.name),
  }))
}

/**
 * Lets the worker of a host try a destination: this host, unless only plans of others use it. Fails with codes
 * `destination.*`, and `agent.offline`.
 */
export async function tryDestination(
  asker: Asker,
  site: Site,
  { destination, host }: { destination: string; host?: string },
): Promise<DestinationTrial> {
  const hosts = usersOf(destination, (await loadPlans(site)).plans).map((plan) => plan.host)
  const owner = hosts.includes(site.host) ? site.host : (hosts[0] ?? site.host)
  return askHost(asker, host ?? owner, 'tryDestination', { destination })
}

const usersOf = (name: string, plans: readonly CompiledPlan[]): readonly CompiledPlan[] =>
  plans.filter(({ job }) => job.destinations.includes(name))

function placeOf(settings: Destination): string {
  switch (settings.type) {
    case 'local':
      return settings.path
    case 's3': {
      const { bucket, prefix, endpoint, region } = settings
      const where = endpoint ?? `AWS ${region ?? ''}`.trim()
      return `${bucket}${prefix === undefined ? '' : `/${prefix}`} at ${where}`
    }
    case 'sftp': {
      const { user, host, port, path } = settings
      return `${path} at ${user}@${host}${port === undefined ? '' : `, port ${port}`}`
    }
    case 'plugin':
      return settings.command.join(' ')
    default:
      return assertNever(settings)
  }
}
