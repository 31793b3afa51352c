import type { Client } from '@temporalio/client'
import type { Site } from '../core/site.js'
import type { ServiceSelector } from '../schemas/holds.js'
import type { Alarms } from './alarms.js'
import type { Allowed } from './allowed.js'
import type { Catalog } from './catalog/catalog.js'
import type { Destination } from './destinations/driver.js'
import type { Keys } from './keys/key.js'
import type { Journal } from './journal/journal.js'
import type { Secrets } from './secrets.js'
import type { ServiceDriver, Shell } from './services/driver.js'
import type { Spool } from './spool/spool.js'
import type { Log } from './log.js'

/** The world, as activities are given it. `worker/` builds the real one; tests build their own. */
export interface Tools {
  readonly site: Site
  readonly services: ServiceRegistry
  readonly secrets: Secrets
  readonly keys: Keys
  readonly journal: Journal
  readonly alarms: Alarms
  readonly allowed: Allowed
  readonly catalog: Catalog
  readonly spool: Spool
  readonly clock: () => Date
  /** Hex digits that nobody can foresee: for names, keys and nonces. */
  readonly random: (digits: number) => string
  readonly log: Log
  /** For messages to workflows. */
  readonly client: Client
  readonly versions: Readonly<Record<string, string>>
  /**
   * A destination by its name in holdfast.yaml, its marker checked: fails with `destination.not-found`, and with
   * `destination.not-mounted` when a place that we knew has lost its marker.
   */
  destination(name: string, signal: AbortSignal): Promise<Destination>
  /** Whether the agent of this host is being stopped: soon nobody is there to start what is stopped now. */
  isLeaving(): Promise<boolean>
  /** Left out: the host. */
  shell(place?: string): Shell
  volumePath(volume: string, signal: AbortSignal): Promise<string>
}

/** The world as far as it needs no Temporal. */
export type HostTools = Omit<Tools, 'client'>

export interface ServiceRegistry {
  /** `docker:shop/web` → its driver and the canonical reference `docker:shop_web_1`. */
  resolve(reference: string, signal: AbortSignal): Promise<string>
  /** Canonical references of all that a label or a volume means; never of what is ours. Fails with `service.not-found`. */
  find(selector: ServiceSelector, signal: AbortSignal): Promise<readonly string[]>
  /** Driver and name of a canonical reference. */
  driver(reference: string): { driver: ServiceDriver; name: string }
}
