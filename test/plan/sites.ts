import type { Site } from '../../core/site.js'

/** A site with one destination and one command service. */
export const homeSite: Site = {
  configFile: '/srv/home/holdfast.yaml',
  site: 'home',
  host: 'nas',
  stateDir: '/var/lib/holdfast',
  plans: ['plans/*.yaml'],
  destinations: { disk: { type: 'local', path: '/srv/backups' } },
  keys: { main: { type: 'file', path: '/etc/holdfast/main.key' } },
  services: { web: { type: 'command', stop: ['stop'], start: ['start'], isRunning: ['ask'] } },
  limits: { parallelCaptures: 2 },
  defaults: {},
}

/** A plan without mistakes, which tests change in one place. */
export const goodPlan = `version: 1
plan: shop
sources:
  etc:
    type: files
    paths: [/etc/shop]
    live: true
destinations: [disk]
`
