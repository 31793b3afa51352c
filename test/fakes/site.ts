import type { Site } from '../../core/site.js'

export const fakeSite = (changes: Partial<Site> = {}): Site => ({
  configFile: '/etc/holdfast/holdfast.yaml',
  site: 'home',
  host: 'nas',
  // Where nobody, not even root, can make anything: tests must not meet there.
  stateDir: '/dev/null/nowhere',
  plans: ['plans/*.yaml'],
  destinations: { disk: { type: 'local', path: '/backups' } },
  keys: {},
  services: {},
  limits: { parallelCaptures: 2 },
  defaults: {},
  ...changes,
})
