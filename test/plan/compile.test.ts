import type { Site } from '../../core/site.js'
import { compilePlan, wantedSchedules } from '../../plan/compile.js'
import { describeChange, describeChanges } from '../../plan/diff.js'
import { explainPlan } from '../../plan/explain.js'
import { readPlan } from '../../plan/validate.js'
import { diffSchedules } from '../../core/schedule-diff.js'
import { goodPlan, homeSite } from './sites.js'

function compiled(text: string, site: Site = homeSite) {
  const { plan, issues } = readPlan(text, 'plans/shop.yaml', site)
  if (!plan) throw new Error(JSON.stringify(issues))
  return compilePlan(plan, text, site, 'plans/shop.yaml')
}

const shop = `version: 1
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

test('a plan that says little gets the defaults', () => {
  const { job, schedule, host } = compiled(goodPlan)

  expect(host).toBe('nas')
  expect(schedule).toBeUndefined()
  expect(job).toMatchObject({
    jobVersion: 1,
    site: 'home',
    host: 'nas',
    plan: 'shop',
    planText: goodPlan,
    compression: { algorithm: 'zstd', level: 3 },
    timezone: 'UTC',
    timeoutMs: 21_600_000,
    attempts: 3,
    tolerate: ['vanished'],
    destinations: ['disk'],
  })
  expect(job.planSha256).toMatch(/^[0-9a-f]{64}$/)
  expect(job.retention).toBeUndefined()
})

test('what is live comes first, what has the same hold is one set, and sources lose what the sets express', () => {
  const { job } = compiled(shop)

  expect(job.sets.map(({ hold, sources }) => [hold?.services, sources.map(({ name }) => name)])).toEqual([
    [undefined, ['etc']],
    [
      ['docker:worker', 'docker:web'],
      ['uploads', 'orders', 'same'],
    ],
    [['docker:cache'], ['cache']],
  ])
  expect(job.sets[0]?.sources[0]?.source).toEqual({ type: 'files', paths: ['/etc/shop'] })
  expect(job.sets[1]?.hold).toEqual({
    services: ['docker:worker', 'docker:web'],
    mode: 'stop',
    maxDowntimeMs: 90_000,
    stopTimeoutMs: 30_000,
    onInconsistent: 'keep',
    healthyWithinMs: 60_000,
  })
  expect(job.retention).toEqual({ keepLast: 7, keepDaily: 14, keepWithinMs: 172_800_000, minimum: 1 })
})

test('what no hold covers is read last', () => {
  const text = goodPlan.replace('destinations', '  open: { type: files, paths: [/opt/a] }\ndestinations')

  expect(compiled(text).job.sets.map(({ sources }) => sources.map(({ name }) => name))).toEqual([
    ['etc'],
    ['open'],
  ])
})

test.each([
  ['{ algorithm: gzip }', { algorithm: 'gzip', level: 6 }],
  ['{ algorithm: none }', { algorithm: 'none', level: 0 }],
  ['{ algorithm: zstd, level: 19 }', { algorithm: 'zstd', level: 19 }],
])('compression %s', (text, expected) => {
  expect(compiled(`${goodPlan}compression: ${text}\n`).job.compression).toEqual(expected)
})

test('the hash of a schedule changes with the plan and with nothing else', () => {
  const [first] = wantedSchedules(compiled(shop))
  const [again] = wantedSchedules(compiled(shop))
  const [other] = wantedSchedules(compiled(shop.replace('90s', '91s')))

  expect(first).toMatchObject({
    scheduleId: 'home/backup/shop',
    plan: 'shop',
    schedule: { cron: '30 2 * * *', jitterMs: 300_000, catchUpMs: 21_600_000, paused: false },
  })
  expect(again?.hash).toBe(first?.hash)
  expect(other?.hash).not.toBe(first?.hash)
  expect(wantedSchedules(compiled(goodPlan))).toEqual([])
})

test('the order of a hold is explained as far as the plan knows it', () => {
  const hold = `hold: { services: [docker:db, { label: plan=shop }, docker:web], after: { "docker:web": ["docker:db"] } }`
  const text = goodPlan.replace('    live: true\n', '')

  const explained = explainPlan(compiled(`${text}${hold}\n`), {
    now: new Date('2026-11-21T12:00Z'),
    nextRuns: 0,
  })

  expect(explained).toContain(
    'Stops containers with label "plan=shop", then docker:web, then docker:db, for 10 minutes at most',
  )
  expect(explained).toContain('The host knows the rest of the order')
  expect(explained).toContain(
    'Starts docker:db, then docker:web, then containers with label "plan=shop" again',
  )
})

test('a plan whose held sources go through the spool is explained so', () => {
  const text = goodPlan.replace('    live: true\n', '')
  const hold = 'hold: { services: [docker:web] }\n'
  const site = {
    ...homeSite,
    destinations: { disk: { type: 'local', path: '/mnt/far', spool: true } },
  } as const

  const explained = explainPlan(compiled(`${text}${hold}`, site), {
    now: new Date('2026-11-21T12:00Z'),
    nextRuns: 0,
  })

  expect(explained).toContain('meanwhile, into the spool of the host.')
  expect(explained).toContain(
    'Uploads it from the spool to disk. Where the spool has no room, the services stay down until disk has everything',
  )
})

test('a plan is explained in sentences', () => {
  expect(explainPlan(compiled(shop), { now: new Date('2026-11-21T12:00Z'), nextRuns: 5 }))
    .toMatchInlineSnapshot(`
   "Plan shop (plans/shop.yaml)
   Web shop

   Each run, on host nas:
     1. Checks tools, rights, space and the destination, before anything stops.
     2. Reads etc (files: /etc/shop), before anything stops.
     3. Stops docker:worker, then docker:web, for 1 minute 30 seconds at most; beyond that they come back whatever happens, and the backup is marked inconsistent. Each has 30 seconds to stop by itself. The host knows the rest of the order: whatever needs another there stops before it, and starts after it.
     4. Reads uploads (Docker volume shop_uploads without *.tmp), orders (PostgreSQL: database orders of docker:db) and same (SQLite: /srv/shop/x.db) meanwhile. They are one consistent set.
     5. Starts docker:web, then docker:worker again, if it ran before, and expects it to be well within 1 minute.
     6. Pauses docker:cache, for 10 minutes at most; beyond that they come back whatever happens, and the run fails.
     7. Reads cache (files: /var/cache/shop) meanwhile.
     8. Resumes docker:cache again, if it ran before, and expects it to be well within 1 minute.
     9. Stores it at disk, compressed with zstd level 3, not encrypted, with the manifest last.
     10. The whole run may take 6 hours; a set that fails is tried 3 times at most.

   When:
     Runs at 02:30 (cron "30 2 * * *", Europe/Berlin), up to 5 minutes later. A run missed by at most 6 hours is made up for, once.
     Next 5 runs, in Europe/Berlin:
       Sun 2026-11-22 02:30
       Mon 2026-11-23 02:30
       Tue 2026-11-24 02:30
       Wed 2026-11-25 02:30
       Thu 2026-11-26 02:30

   Kept:
     Of the good backups, the newest 7, the newest of each day for 14 days and all of the last 2 days; never fewer than 1 good one. Days, weeks, months and years are those of Europe/Berlin. What goes can be brought back for 3 days.

   Please note:
     - On Sun 2027-03-28 clocks in Europe/Berlin go forward: 02:30 does not exist, and nothing runs then.
     - On Sun 2027-10-31 clocks in Europe/Berlin go back: 02:30 comes twice, and the plan runs twice.
   "
  `)
})

test('what a dump of MySQL leaves out, and what its restore never does, is explained', () => {
  const text = goodPlan.replace(/type: files[^]*?live: true\n/, 'type: mysql\n    database: wiki\n')

  expect(explainPlan(compiled(text), { now: new Date('2026-11-21T12:00Z'), nextRuns: 5 })).toContain(
    'etc: accounts and their rights are not captured, and a restore never replaces a database',
  )
})

test('a plan that does little is explained, too', () => {
  const text = goodPlan.replace('    live: true\n', '')

  expect(explainPlan(compiled(text), { now: new Date('2026-11-21T12:00Z'), nextRuns: 5 }))
    .toMatchInlineSnapshot(`
   "Plan shop (plans/shop.yaml)

   Each run, on host nas:
     1. Checks tools, rights, space and the destination, before anything stops.
     2. Reads etc (files: /etc/shop), while everything runs.
     3. Stores it at disk, compressed with zstd level 3, not encrypted, with the manifest last.
     4. The whole run may take 6 hours; a set that fails is tried 3 times at most.

   When:
     Only when asked: the plan has no schedule.

   Kept:
     Every backup: the plan has no retention, so nothing is ever removed.

   Please note:
     - etc: read without any hold; what is written meanwhile may not fit together.
   "
  `)
})

test('changes of schedules are said in a line each', () => {
  const [wanted] = wantedSchedules(compiled(shop))
  if (!wanted) throw new Error('has a schedule')
  const changes = diffSchedules(
    [wanted],
    [
      { scheduleId: wanted.scheduleId, plan: 'shop', work: 'backup', hash: 'other', paused: true },
      { scheduleId: 'home/backup/old', plan: 'old', work: 'backup', paused: false },
    ],
  )

  expect(describeChanges(changes, 'planned')).toBe(`- old: no more runs. No plan wants it any more.
~ shop: at 02:30 (cron "30 2 * * *", Europe/Berlin), up to 5 minutes later [paused]. Its plan changed; it stays paused.
2 schedules: 1 to change, 1 to remove.`)
  expect(changes.map(describeChange)).toHaveLength(2)
})

test('rules of a destination replace those of the plan key by key, and all of it is explained', () => {
  const text = `${goodPlan.replace('[disk]', '[disk, offsite]')}retention: { keepLast: 7, keepDaily: 14, minimum: 2, destinations: { offsite: { keepDaily: 0, keepMonthly: 36, quarantine: 7d } } }\n`
  const site = {
    ...homeSite,
    destinations: { ...homeSite.destinations, offsite: { type: 'local' as const, path: '/mnt/offsite' } },
  }

  const plan = compiled(text, site)
  const explained = explainPlan(plan, { now: new Date('2026-11-21T12:00Z'), nextRuns: 1 })

  expect(plan.job).toMatchObject({
    destinations: ['disk', 'offsite'],
    retention: { keepLast: 7, keepDaily: 14, minimum: 2 },
    retentionAt: {
      offsite: { keepLast: 7, keepDaily: 0, keepMonthly: 36, quarantineMs: 7 * 86_400_000, minimum: 2 },
    },
  })
  expect(explained).toContain('Stores it at disk,')
  expect(explained).toContain('Copies it, as it is stored, to offsite')
  expect(explained).toContain(
    'At offsite: the newest 7 and the newest of each month for 36 months; never fewer than 2 good ones.',
  )
})
