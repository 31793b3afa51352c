import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import pino from 'pino'
import { createAlarms, type Alarms, type AlarmsOptions } from '../activities/alarms.js'
import { createAllowed } from '../activities/allowed.js'
import { createCatalog } from '../activities/catalog/create-catalog.js'
import type { WantedKeys } from '../activities/catalog/key-ring.js'
import { createDestinations } from '../activities/destinations/place.js'
import { startOwed } from '../activities/holds/start-owed.js'
import { createJournal } from '../activities/journal/files.js'
import { createLog, type Log } from '../activities/log.js'
import { redacted } from '../activities/redact.js'
import { createKeys } from '../activities/keys/create-keys.js'
import type { KeyWorld } from '../activities/keys/key.js'
import { createTokens } from '../activities/keys/pkcs11/tokens.js'
import { createSecrets } from '../activities/secrets.js'
import { readOwnContainerId } from '../activities/services/docker-ours.js'
import { createServices } from '../activities/services/registry.js'
import { readOwnUnits } from '../activities/services/systemd-ours.js'
import { createSpool } from '../activities/spool/files.js'
import type { Tools } from '../activities/tools.js'
import type { BackupJob } from '../core/job.js'
import { alarmCauses } from '../core/hold-alarms.js'
import { secretVariablesIn } from '../core/secret-variables.js'
import type { Site } from '../core/site.js'
import { loadPlans, plansReader } from '../site/plans.js'
import { readLiveAgent } from '../temporal/agent-state.js'
import { connectClient, type ConnectOptions } from '../temporal/connection.js'
import { packageRoot } from '../temporal/package-root.js'
import { bootId } from '../temporal/processes.js'
import type { HostHolds } from './bring-back.js'
import type { TranslateOptions } from './interceptors.js'

/** The world of this host as far as it needs no Temporal: also what the commands that must work without it are given. */
export interface LocalTools extends Omit<Tools, 'client'>, TranslateOptions, ConnectOptions {
  /** For making keys. */
  readonly keyWorld: KeyWorld
}

export interface LocalOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly clock?: () => Date
  /** Default: JSON lines on stdout. */
  readonly log?: Log
  /** Beside every line of the default log. */
  readonly logBase?: Readonly<Record<string, string>>
  /** Of this boot of the host. Default: what the kernel says; tests pretend that the host was booted. */
  readonly bootId?: string
}

/** Builds the real tools: files under the state folder, the host's own shell, Docker where it answers. Touches nothing yet. */
export async function localTools(site: Site, options: LocalOptions): Promise<LocalTools> {
  const { environment, clock = () => new Date(), logBase = {} } = options
  const log = options.log ?? createLog({ destination: descriptor(1), clock, base: logBase })
  const services = await servicesOf(site, environment)
  const shell = services.shell()
  const secrets = createSecrets({ environment, shell })
  const destination = createDestinations({ site, clock, random, secrets, shell })
  const tokens = createTokens({
    program: tokenProgram(),
    environment: await environmentOfModules(site, environment),
  })
  const keyWorld: KeyWorld = { environment, secrets, tokens }
  const keys = createKeys(site, keyWorld)
  const readPlans = plansReader(site)
  const jobs = async () => (await readPlans()).plans.map(({ job }) => job)
  return {
    site,
    services,
    secrets,
    keys,
    keyWorld,
    resolveSecret: (reference) => secrets.resolve(reference),
    journal: createJournal({ stateDir: site.stateDir, bootId: options.bootId ?? bootId() }),
    alarms: alarmsOf(site, { shell, clock, log }),
    allowed: createAllowed({
      site,
      // Read anew each time: a plan that was added is allowed without a restart.
      plans: jobs,
      resolve: (reference) => services.resolve(reference, AbortSignal.timeout(RESOLVE_WITHIN_MS)),
      find: (selector) => services.find(selector, AbortSignal.timeout(RESOLVE_WITHIN_MS)),
    }),
    catalog: createCatalog({
      destinations: destination,
      site,
      keys,
      wantedKeys: async () => wantedKeysOf(site, await jobs()),
      cacheFolder: join(site.stateDir, 'cache', 'catalog'),
      log,
    }),
    spool: createSpool({
      stateDir: site.stateDir,
      random,
      ...(site.limits.spoolBytes === undefined ? {} : { limitBytes: site.limits.spoolBytes }),
    }),
    clock,
    random,
    log,
    redact: redactedText,
    versions: await versions(),
    destination,
    isLeaving: async () => (await readLiveAgent(site.stateDir))?.phase === 'stopping',
    shell: (place) => services.shell(place),
    volumePath: (volume, signal) => services.volumePath(volume, signal),
  }
}

const alarmsOf = (
  { stateDir, host, alarm }: Site,
  world: Pick<AlarmsOptions, 'shell' | 'clock' | 'log'>,
): Alarms =>
  createAlarms({ stateDir, host, ...(alarm === undefined ? {} : { command: alarm.command }), ...world })

/** Of a plan that is not here (it was removed, or has mistakes now) the defaults tell what it would be. */
function wantedKeysOf(site: Site, plans: readonly BackupJob[]): WantedKeys {
  const jobs = new Map(plans.map((job) => [job.plan, job]))
  const { encryption } = site.defaults
  const usual = typeof encryption === 'object' ? encryption.keys : undefined
  return (plan) => (jobs.has(plan) ? jobs.get(plan)?.encryption?.keys : usual)
}

/** Lines that wait for room on a full disk; what goes beyond is lost. */
const MAX_UNWRITTEN_BYTES = 2 ** 20

/** Written at once: what it said last is what explains a worker that was killed. A full disk must not be what kills it. */
function descriptor(fd: 1 | 2): pino.DestinationStream {
  const destination = pino.destination({ fd, sync: true, maxLength: MAX_UNWRITTEN_BYTES })
  destination.on('error', () => undefined)
  return destination
}

/** What the agent needs to bring services back before it ends. */
export async function holdsOf(site: Site, environment: NodeJS.ProcessEnv): Promise<HostHolds> {
  const journal = createJournal({ stateDir: site.stateDir, bootId: bootId() })
  const services = await servicesOf(site, environment)
  const shell = services.shell()
  const secrets = createSecrets({ environment, shell })
  const clock = () => new Date()
  const log = createLog({ destination: descriptor(2), clock, base: {} })
  const alarms = alarmsOf(site, { shell, clock, log })
  const start: HostHolds['start'] = async (service, signal) => {
    const owed = { service, lease: 'read', healthyWithinMs: 0 } as const
    const { health } = await startOwed({ services, journal, clock, log }, owed, signal)
    if (health !== 'ok') return
    // It runs: an alarm that cannot be removed now (a read-only disk) must not make that a failure.
    await alarms
      .resolve(alarmCauses.notRestarted(service))
      .catch((error: unknown) => log.warn('an alarm could not be resolved', { service, error }))
  }
  return {
    start,
    listJournal: () => journal.list(),
    connect: () => connectClient(site, { resolveSecret: (reference) => secrets.resolve(reference) }),
  }
}

/** Modules find their settings in variables that only their makers know: they get all but those that hold secrets. */
async function environmentOfModules(site: Site, environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  if (!Object.values(site.keys).some(({ type }) => type === 'pkcs11')) return {}
  const secret = new Set(secretVariablesIn([site, (await loadPlans(site)).plans.map(({ job }) => job)]))
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secret.has(name)))
}

/** What runs in the process of a PKCS#11 module. It is built: a process of its own cannot be given the sources. */
const tokenProgram = (): string =>
  join(packageRoot(), 'dist', 'activities', 'keys', 'pkcs11', 'token-process.js')

/** A reference is looked up in the Docker daemon of this host. */
const RESOLVE_WITHIN_MS = 30_000

async function servicesOf(site: Site, environment: NodeJS.ProcessEnv) {
  const ownContainerId = await readOwnContainerId()
  const dockerHost = environment['DOCKER_HOST']
  return createServices({
    site,
    environment,
    random,
    ...(dockerHost === undefined || dockerHost === '' ? {} : { dockerHost }),
    ...(ownContainerId === undefined ? {} : { ownContainerId }),
    ownUnits: await readOwnUnits(),
  })
}

const random = (digits: number): string =>
  randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits)

const redactedText = (text: string): string => String(redacted({ text })['text'])

async function versions(): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  return { holdfast: version, node: process.versions.node }
}

export const toolsWith = (local: LocalTools, client: Client): Tools => ({ ...local, client })
