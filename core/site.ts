import type { ConfigFile } from '../schemas/config.js'

/** holdfast.yaml with every default filled in: where things are, seen from one host. */
export interface Site {
  /** Absolute path of the holdfast.yaml that was read. */
  readonly configFile: string
  readonly site: string
  readonly host: string
  readonly stateDir: string
  /** Globs, relative to the folder of `configFile`. */
  readonly plans: readonly string[]
  /** Left out: the embedded server of `holdfast up`. */
  readonly temporal?: ConfigFile['temporal']
  readonly destinations: NonNullable<ConfigFile['destinations']>
  readonly keys: NonNullable<ConfigFile['keys']>
  readonly services: NonNullable<ConfigFile['services']>
  readonly allow?: ConfigFile['allow']
  readonly alarm?: ConfigFile['alarm']
  readonly limits: {
    readonly parallelCaptures: number
    /** Left out: what the disk has. */
    readonly spoolBytes?: number
  }
  readonly defaults: NonNullable<ConfigFile['defaults']>
}
