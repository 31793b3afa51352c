import { isDeepStrictEqual } from 'node:util'
import { HoldfastError } from '../core/errors.js'
import { globMatcher } from '../core/globs.js'
import type { BackupJob } from '../core/job.js'
import { DEFAULT_PORTS, isServerSource, type ServerDatabase } from '../core/server-databases.js'
import type { Site } from '../core/site.js'
import type { HeldServices, ServiceSelector } from '../schemas/holds.js'
import type { Source } from '../schemas/sources.js'
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
  /** That the password of a database, if it has one, goes where the source says. */
  password(source: ServerSource): Promise<void>
}

/** What is reached as a server. */
export type ServerSource = Extract<Source, { type: ServerDatabase }>

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
      const isAllowed = globs ? globMatcher(globs)(canonical) : await isNamedService(canonical)
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

    password: async (source) => {
      if (source.password === undefined) return
      const { servers } = await named()
      const known = servers.filter(({ password }) => isDeepStrictEqual(password, source.password))
      if (known.some((server) => isSameServer(server, source))) return
      const what = `The secret ${whereOf(source.password)}`
      if (known.length === 0) throw notNamed(site, what, 'Only secrets that its plans name may be used')
      throw new HoldfastError(
        'plan.not-allowed',
        `${what} may not be sent to ${serverInWords(source)}: the plans of host ${site.host} use it elsewhere, or with safer settings.`,
        {
          hint: 'A password goes only where a plan of this host sends it: let a plan name this server with it.',
        },
      )
    },
  }
}

interface Names {
  readonly services: ReadonlySet<HeldServices>
  readonly paths: ReadonlySet<string>
  readonly volumes: ReadonlySet<string>
  readonly servers: readonly ServerSource[]
}

function namesOf(jobs: readonly BackupJob[]): Names {
  const services = new Set<HeldServices>()
  const paths = new Set<string>()
  const volumes = new Set<string>()
  const servers: ServerSource[] = []
  for (const set of jobs.flatMap((job) => job.sets)) {
    for (const service of set.hold?.services ?? []) services.add(service)
    for (const needed of Object.values(set.hold?.after ?? {})) for (const one of needed) services.add(one)
    for (const { source } of set.sources) {
      if ('paths' in source) for (const path of source.paths) paths.add(path)
      if ('volume' in source) volumes.add(source.volume)
      if ('in' in source && source.in !== undefined) services.add(source.in)
      if (isServerSource(source)) servers.push(source)
    }
  }
  return { services, paths, volumes, servers }
}

/** From weak to strong, in the words of plans; without one, a client uses TLS where the server offers it. */
const TLS_STRENGTHS = ['disable', 'prefer', 'require', 'verify-full'] as const

/** Whether a password that is meant for one server reaches no other when it is sent as `asked`. */
function isSameServer(meant: ServerSource, asked: ServerSource): boolean {
  if (meant.type !== asked.type || meant.in !== asked.in) return false
  const [from, to] = [meant.connection, asked.connection]
  if (from === undefined || to === undefined) return from === to
  const portOf = ({ port = DEFAULT_PORTS[meant.type] }: { port?: number }) => port
  if (from.host !== to.host || portOf(from) !== portOf(to)) return false
  const strengthOf = ({ tls = 'prefer' }: typeof from) => TLS_STRENGTHS.indexOf(tls)
  return strengthOf(to) >= strengthOf(from) && authorityOf(from) === authorityOf(to)
}

const authorityOf = (connection: object) => ('authority' in connection ? connection.authority : undefined)

const serverInWords = ({ in: place, connection }: ServerSource): string =>
  place ?? connection?.host ?? 'the server of this host'

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
