import { isDeepStrictEqual } from 'node:util'
import picomatch from 'picomatch'
import { HoldfastError } from '../core/errors.js'
import type { BackupJob } from '../core/job.js'
import type { Site } from '../core/site.js'
import type { HeldServices, ServiceSelector } from '../schemas/holds.js'
import { isInside, realPlace } from './real-place.js'

/**
 * What this host's own configuration lets runs touch, whatever Temporal asks for: embedded Temporal has no authentication.
 * Each fails with `plan.not-allowed` (or `restore.not-allowed`) and says which line of holdfast.yaml would allow it.
 */
export interface Allowed {
  service(canonicalReference: string): Promise<void>
  /** Paths that a source reads. */
  readPath(path: string): Promise<void>
  /** Folders that a restore writes to; where the sources came from is always allowed. */
  restorePath(path: string): Promise<void>
  volume(volume: string): Promise<void>
  secret(reference: unknown): Promise<void>
}

export interface AllowedOptions {
  readonly site: Pick<Site, 'allow' | 'host' | 'configFile'>
  /** The plans of the site as they are now: a plan that was added counts at once, one that is gone no more. */
  readonly plans: () => Promise<readonly BackupJob[]>
  /** The canonical reference of a service that a plan names. */
  readonly resolve: (reference: string) => Promise<string>
  /** Canonical references of what a plan means by a label or a volume. */
  readonly find: (selector: ServiceSelector) => Promise<readonly string[]>
}

/** Each list of `allow` stands for itself; where it is left out, what the plans of this host name is allowed. */
export function createAllowed({ site, plans, resolve, find }: AllowedOptions): Allowed {
  const named = async () => namesOf((await plans()).filter((job) => job.host === site.host))

  const meant = async (services: HeldServices): Promise<readonly string[]> =>
    typeof services === 'string' ? [await resolve(services)] : find(services)

  const isNamedService = async (canonical: string) => {
    const { services } = await named()
    if (services.has(canonical)) return true
    for (const reference of services) {
      // What cannot be found now is another plan's trouble.
      if ((await meant(reference).catch((): string[] => [])).includes(canonical)) return true
    }
    return false
  }

  return {
    service: async (canonical) => {
      const globs = site.allow?.services
      const isAllowed = globs ? picomatch.isMatch(canonical, [...globs]) : await isNamedService(canonical)
      if (!isAllowed) throw refused(site, `Service ${canonical}`, 'held', 'services', canonical)
    },

    readPath: async (path) => {
      const folders = site.allow?.paths ?? [...(await named()).paths]
      if (!(await isWithin(path, folders))) throw refused(site, path, 'read', 'paths', path)
    },

    restorePath: async (path) => {
      const folders = [...(site.allow?.restoreTo ?? []), ...(await named()).paths]
      if (await isWithin(path, folders)) return
      throw new HoldfastError(
        'restore.not-allowed',
        `Nothing may be restored into ${path} on host ${site.host}.`,
        {
          hint: `Add the folder to "allow.restoreTo" in ${site.configFile}, and restart the agent.`,
        },
      )
    },

    volume: async (volume) => {
      if ((await named()).volumes.has(volume)) return
      throw notNamed(
        site,
        `Docker volume "${volume}"`,
        'Only volumes that its plans name may be read or restored',
      )
    },

    secret: async (reference) => {
      const { secrets } = await named()
      if (secrets.some((secret) => isDeepStrictEqual(secret, reference))) return
      throw notNamed(site, `The secret ${whereOf(reference)}`, 'Only secrets that its plans name may be used')
    },
  }
}

interface Names {
  readonly services: ReadonlySet<HeldServices>
  readonly paths: ReadonlySet<string>
  readonly volumes: ReadonlySet<string>
  readonly secrets: readonly unknown[]
}

function namesOf(jobs: readonly BackupJob[]): Names {
  const services = new Set<HeldServices>()
  const paths = new Set<string>()
  const volumes = new Set<string>()
  const secrets: unknown[] = []
  for (const set of jobs.flatMap((job) => job.sets)) {
    for (const service of set.hold?.services ?? []) services.add(service)
    for (const needed of Object.values(set.hold?.after ?? {})) for (const one of needed) services.add(one)
    for (const { source } of set.sources) {
      if ('paths' in source) for (const path of source.paths) paths.add(path)
      if ('volume' in source) volumes.add(source.volume)
      if ('in' in source && source.in !== undefined) services.add(source.in)
      if ('password' in source && source.password !== undefined) secrets.push(source.password)
    }
  }
  return { services, paths, volumes, secrets }
}

/** Links are followed on both sides: what a path says is not where it leads. */
async function isWithin(path: string, folders: readonly string[]): Promise<boolean> {
  const place = await realPlace(path)
  for (const folder of folders) if (isInside(place, await realPlace(folder))) return true
  return false
}

type Where = Pick<Site, 'configFile' | 'host'>

const refused = (site: Where, what: string, verb: string, list: 'services' | 'paths', example: string) =>
  new HoldfastError('plan.not-allowed', `${what} may not be ${verb} on host ${site.host}.`, {
    hint: `Name it in a plan of this host, or, where ${site.configFile} has "allow.${list}", add "${example}" there; then restart the agent.`,
  })

const notNamed = (site: Where, what: string, rule: string) =>
  new HoldfastError('plan.not-allowed', `${what} is named by no plan of host ${site.host}.`, {
    hint: `${rule}: add the plan to the folder that "plans" in ${site.configFile} names.`,
  })

/** Where a secret is may be said; anything else could be the secret itself. */
function whereOf(reference: unknown): string {
  if (typeof reference !== 'object' || reference === null) return 'reference'
  if ('env' in reference) return `{ env: ${String(reference.env)} }`
  return 'file' in reference ? `{ file: ${String(reference.file)} }` : 'reference'
}
