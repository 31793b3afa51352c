import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createCatalog } from '../activities/catalog/create-catalog.js'
import { markerOf } from '../activities/destinations/marker.js'
import { createDestinationKinds, type DestinationKind } from '../activities/destinations/registry.js'
import type { Destination } from '../activities/destinations/driver.js'
import type { Key } from '../activities/keys/key.js'
import { recoverBackup, type RecoverTools } from '../activities/recover.js'
import { mergeCopies, type ListedBackup } from '../core/copies.js'
import { HoldfastError } from '../core/errors.js'
import type { Recovered, RecoverRequest } from '../core/recovery.js'
import type { Site } from '../core/site.js'
import type { BackupFilter, LocatedBackup } from '../core/work/catalog.js'
import { RECOVERED_DESTINATION } from '../plan/read-entry.js'
import type { Destination as DestinationSettings, DestinationType } from '../schemas/destinations.js'
import type { KeyDefinition, KeyType } from '../schemas/keys.js'
import { handTools, type HandOptions } from './hand-tools.js'
import type { LocalTools } from './tools.js'

export interface RecoverOptions extends HandOptions {
  readonly hostname: string
  readonly settings: DestinationSettings
  readonly keyFiles: readonly string[]
  readonly keyVariables: readonly string[]
  /** As holdfast.yaml has them. */
  readonly keySettings: readonly KeyDefinition[]
}

/** What can be done with a destination and keys alone. */
export interface Recovery {
  list(
    filter: BackupFilter,
  ): Promise<{ readonly backups: readonly ListedBackup[]; readonly problems: readonly string[] }>
  find(backupId: string): Promise<LocatedBackup>
  /** See `recoverBackup`. */
  recover(request: RecoverRequest): Promise<Recovered>
}

/**
 * Gives `work` one destination and the keys, on a machine that has no holdfast.yaml: nothing is written to the destination,
 * not even its marker, and the state that the work needs is gone afterwards.
 */
export async function withRecovery<T>(
  options: RecoverOptions,
  work: (recovery: Recovery) => Promise<T>,
): Promise<T> {
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-recover-'))
  try {
    // Ctrl-C ends the process: nothing was promised that somebody would have to keep.
    const { signal } = new AbortController()
    const tools = await recoverTools(options, stateDir, signal)
    return await work({
      list: async (filter) => {
        const { backups, problems } = await tools.catalog.list(filter, signal)
        return { backups: mergeCopies(backups, [RECOVERED_DESTINATION]), problems }
      },
      find: (backupId) => tools.catalog.find({ backupId, among: 'all' }, signal).catch(withoutCatalog),
      recover: (request) => recoverBackup(tools, request, signal).catch(withoutCatalog),
    })
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** On a machine that has nothing else, `backup list` cannot help. */
function withoutCatalog(error: unknown): never {
  if (!(error instanceof HoldfastError) || error.code !== 'backup.not-found') throw error
  throw new HoldfastError(error.code, error.message, {
    hint: 'Without an id, `holdfast recover` with the same destination and keys lists what is there.',
    cause: error,
  })
}

async function recoverTools(
  options: RecoverOptions,
  stateDir: string,
  signal: AbortSignal,
): Promise<RecoverTools> {
  const site = siteOf(options, stateDir)
  const local = await handTools(site, options)
  for (const [name, { type }] of Object.entries(site.keys)) await openedKey(local, name, type)
  const destination = await openExisting(local, options, signal)
  const names = Object.keys(site.keys)
  const catalog = createCatalog({
    ...{ site, keys: local.keys, log: local.log, destinations: async () => destination },
    // Who brings keys wants what was made with them: anyone could have written all else.
    wantedKeys: async () => () => (names.length === 0 ? undefined : names),
    cacheFolder: join(stateDir, 'cache'),
  })
  return { ...local, catalog, destination }
}

/** Opened now: a listing would pass over a key that cannot be used. */
async function openedKey({ keys }: LocalTools, name: string, type: KeyType): Promise<Key> {
  try {
    return await keys.named(name)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'key.not-found' || type === 'pkcs11') throw error
    throw new HoldfastError(error.code, error.message, {
      hint: 'Give the file with --key FILE. From a recovery sheet: put its digits into an environment variable, and name that with --key-variable.',
      cause: error,
    })
  }
}

/** Without making it ready for its first object, as a worker would. */
async function openExisting(
  { clock, random, secrets, shell }: LocalTools,
  { settings, onTrouble }: RecoverOptions,
  signal: AbortSignal,
): Promise<Destination> {
  const kinds = createDestinationKinds({ clock, random, secrets, shell: shell() })
  // The registry maps each type to its driver; the compiler cannot carry that through a variable.
  const kind = kinds[settings.type] as DestinationKind<DestinationType>
  const destination = kind.open(RECOVERED_DESTINATION, settings)
  if ((await markerOf(destination, signal)) === undefined)
    onTrouble(
      'warning: there is no holdfast.json. Is this the folder, or the prefix, that backups were written to?',
    )
  return destination
}

function siteOf(
  { hostname, settings, keyFiles, keyVariables, keySettings }: RecoverOptions,
  stateDir: string,
): Site {
  const keys: Record<string, KeyDefinition> = {}
  for (const path of keyFiles) keys[path] = { type: 'file', path: resolve(path) }
  for (const variable of keyVariables) keys[variable] = { type: 'env', variable }
  for (const [index, definition] of keySettings.entries()) keys[`--key-settings ${index + 1}`] = definition
  return {
    ...{ configFile: 'the flags of this command', site: hostname, host: hostname, stateDir, keys },
    destinations: { [RECOVERED_DESTINATION]: settings },
    ...{ plans: [], services: {}, defaults: {}, limits: { parallelCaptures: 1 } },
  }
}
