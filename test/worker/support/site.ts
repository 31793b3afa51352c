import { join } from 'node:path'
import type { Site } from '../../../core/site.js'

/** A site with nothing but a folder for its state. */
export const siteAt = (stateDir: string, changes: Partial<Site> = {}): Site => ({
  configFile: join(stateDir, 'holdfast.yaml'),
  site: 'test',
  host: 'test',
  stateDir,
  plans: ['plans/*.yaml'],
  destinations: {},
  keys: {},
  services: {},
  limits: { parallelCaptures: 2 },
  defaults: {},
  ...changes,
})

export const workerArgv =
  (trace: string, behaviour = 'well') =>
  (role: string): [string, ...string[]] => [
    process.execPath,
    join(import.meta.dirname, 'fake-worker.mjs'),
    trace,
    role,
    behaviour,
  ]
