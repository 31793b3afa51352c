import { explainPlan } from '../../../plan/explain/explain.js'
import { compiled, goodPlan, homeSite, shopPlan } from '../sites.js'

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
  expect(explainPlan(compiled(shopPlan), { now: new Date('2026-11-21T12:00Z'), nextRuns: 5 }))
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

   At a restore:
     Reads disk. Everything is restored beside what is in use, and checked there, before anything changes. Only for the swap docker:worker, docker:web and docker:cache stop; when it dies half-way, nothing starts on half-restored data until you say how it ends.
     etc: /etc/shop is replaced; the old data stays beside as the safety copy.
     uploads: all that is in the volume shop_uploads is replaced; the old data stays inside it as the safety copy.
     orders: each database is replaced by rename; the old one stays on the server under another name.
     same: the database files are replaced, without what their old write-ahead logs say; the old ones stay beside.
     cache: /var/cache/shop is replaced; the old data stays beside as the safety copy.

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

   At a restore:
     Reads disk. Everything is restored beside what is in use, and checked there, before anything changes. No service stops: keep what uses the data away from it meanwhile.
     etc: /etc/shop is replaced; the old data stays beside as the safety copy.

   Please note:
     - etc: read without any hold; what is written meanwhile may not fit together.
   "
  `)
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

test('a run after a change of the clocks says so', () => {
  const schedule = 'schedule: { cron: "30 4 * * *", timezone: Europe/Berlin }\n'

  const explained = explainPlan(compiled(`${goodPlan}${schedule}`), {
    now: new Date('2026-10-24T12:00Z'),
    nextRuns: 2,
  })

  expect(explained).toContain(
    '    Sun 2026-10-25 04:30 (clocks have gone back by then)\n    Mon 2026-10-26 04:30\n',
  )
})

test('what a restore needs and does is explained: copies, keys, what stops, and what becomes of the old data', () => {
  const text = `${goodPlan.replace('[disk]', '[disk, offsite]').replace('    live: true\n', '')}encryption: { keys: [main, recovery] }\nhold: { services: [docker:web] }\n`
  const site = {
    ...homeSite,
    keys: {
      main: { type: 'file' as const, path: '/k/main' },
      recovery: { type: 'file' as const, path: '/k/recovery' },
    },
    destinations: { ...homeSite.destinations, offsite: { type: 'local' as const, path: '/mnt/offsite' } },
  }

  expect(explainPlan(compiled(text, site), { now: new Date('2026-11-21T12:00Z'), nextRuns: 0 })).toContain(
    `At a restore:
  Reads the first good copy at disk and offsite, and needs the key main or recovery. Everything is restored beside what is in use, and checked there, before anything changes. Only for the swap docker:web stops; when it dies half-way, nothing starts on half-restored data until you say how it ends.
  etc: /etc/shop is replaced; the old data stays beside as the safety copy.
`,
  )
})
