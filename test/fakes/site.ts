import type { Site } from '../../core/site.js'

export const fakeSite = (changes: Partial<Site> = {}): Site => ({
  configFile: '/etc/holdfast/holdfast.yaml',
  site: 'home',
  host: 'nas',
  stateDir: '/nowhere',
  plans: ['plans/*.yaml'],
  destinations: { disk: { type: 'local', path: '/backups' } },
  keys: {},
  services: {},
  limits: { parallelCaptures: 2 },
  defaults: {},
  ...changes,
})
