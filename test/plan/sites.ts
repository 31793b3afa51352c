import type { Site } from '../../core/site.js'
import { compilePlan, type CompiledPlan } from '../../plan/compile.js'
import { readPlan } from '../../plan/validate.js'

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

/** A plan with a bit of everything. */
export const shopPlan = `version: 1
plan: shop
description: Web shop
schedule: { cron: "30  2 * * *", timezone: Europe/Berlin, jitter: 5m }
hold: { services: [docker:worker, docker:web], maxDowntime: 90s }
sources:
  uploads: { type: volume, volume: shop_uploads, exclude: ["*.tmp"] }
  orders: { type: postgres, in: docker:db, database: orders, password: { env: SHOP } }
  etc: { type: files, paths: [/etc/shop], live: true }
  cache: { type: files, paths: [/var/cache/shop], hold: { services: [docker:cache], mode: pause, onInconsistent: fail } }
  same: { type: sqlite, paths: [/srv/shop/x.db], hold: { services: [docker:worker, docker:web], maxDowntime: 1.5m } }
destinations: [disk]
retention: { keepLast: 7, keepDaily: 14, keepWithin: 2d }
`

/** Fails the test when the plan has a mistake. */
export function compiled(text: string, site: Site = homeSite): CompiledPlan {
  const { plan, issues } = readPlan(text, 'plans/shop.yaml', site)
  if (!plan) throw new Error(JSON.stringify(issues))
  return compilePlan(plan, text, site, 'plans/shop.yaml')
}
