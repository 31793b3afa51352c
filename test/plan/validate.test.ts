import { readConfig, readPlan } from '../../plan/validate.js'
import type { Issue } from '../../plan/issues.js'
import { goodPlan, homeSite } from './sites.js'

const say = ({ line, column, severity, path, message, hint }: Issue) =>
  `${line}:${column} ${severity} ${path}: ${message}${hint === undefined ? '' : ` ${hint}`}`
const issuesOf = (text: string, site = homeSite) => readPlan(text, 'plan.yaml', site).issues.map(say)

/** A held plan with one more source, and whatever else is written after it. */
const held = (source: string, hold = 'services: [docker:web]', rest = '') =>
  `version: 1\nplan: shop\nhold: { ${hold} }\nsources:\n  data: { ${source} }\ndestinations: [disk]\n${rest}`
const files = 'type: files, paths: [/srv/data]'

test('a plan without mistakes is read whole', () => {
  const { plan, issues } = readPlan(goodPlan, 'plan.yaml', homeSite)

  expect(issues).toEqual([])
  expect(plan?.sources['etc']).toEqual({ type: 'files', paths: ['/etc/shop'], live: true })
})

test('defaults of the site fill in what the plan does not say, and the plan overrides them', () => {
  const site = { ...homeSite, defaults: { timeout: '1h', tolerate: ['changed' as const] } }

  const { plan } = readPlan(`${goodPlan}timeout: 2h\n`, 'plan.yaml', site)

  expect(plan).toMatchObject({ timeout: '2h', tolerate: ['changed'] })
})

test.each([
  [
    'unknown key',
    `${goodPlan}descripton: x\n`,
    '9:1 error descripton: unknown key. Did you mean "description"?',
  ],
  [
    'key of an inner level',
    `${goodPlan}timezone: UTC\n`,
    '9:1 error timezone: unknown key. It belongs into "schedule".',
  ],
  [
    'merge key',
    `${goodPlan}<<: x\n`,
    '9:1 error <<: unknown key. YAML 1.2 has no merge keys: write the keys out.',
  ],
  [
    'missing key',
    goodPlan.replace('plan: shop\n', ''),
    '1:1 error : "plan" is missing. For example: plan: shop',
  ],
  [
    'wrong version',
    goodPlan.replace('version: 1', 'version: 2'),
    '1:10 error version: must be 1. This Holdfast reads version 1.',
  ],
  [
    'bad name',
    goodPlan.replace('shop', 'Shop'),
    '2:7 error plan: must be a name: lower-case letters, digits and dashes, at most 63. For example: shop',
  ],
  [
    'bad name of a source',
    goodPlan.replace('etc:', 'E.tc:'),
    '4:3 error sources.E.tc: a name has lower-case letters, digits and dashes, starts with a letter or digit, and is at most 63 long. For example "e-tc".',
  ],
  [
    'unknown word',
    `${goodPlan}compression: { algorithm: zsdt }\n`,
    '9:27 error compression.algorithm: "zsdt" is not zstd, gzip or none. Did you mean "zstd"?',
  ],
  [
    'unknown type',
    goodPlan.replace('type: files', 'type: filez'),
    '5:11 error sources.etc.type: unknown type "filez". Did you mean "files"?',
  ],
  [
    'missing type',
    goodPlan.replace('    type: files\n', ''),
    '4:3 error sources.etc: has no "type". Add one of files, volume, postgres, mysql, sqlite.',
  ],
  [
    'type that is a list',
    goodPlan.replace('type: files', 'type: [files]'),
    '5:11 error sources.etc.type: must be one of files, volume, postgres, mysql, sqlite, but is a list.',
  ],
  [
    'empty mapping',
    goodPlan.replace(/sources:[^]*live: true\n/, 'sources: {}\n'),
    '3:10 error sources: names nothing. For example: sources: { uploads: { type: files, paths: [/srv/shop/uploads] } }',
  ],
  [
    'wrong kind',
    `${goodPlan}schedule: daily\n`,
    '9:11 error schedule: must be keys and values, but is a text.',
  ],
  [
    'nothing where keys belong',
    `${goodPlan}schedule:\n`,
    '9:1 error schedule: must be keys and values, but is empty.',
  ],
  [
    'number as duration',
    `${goodPlan}timeout: 30\n`,
    '9:10 error timeout: must be a duration: a number with ms, s, m, h or d, but is a number. Add the unit: 30s, 30m, 30h or 30d.',
  ],
  [
    'bad duration',
    `${goodPlan}timeout: 6 hours\n`,
    '9:10 error timeout: must be a duration: a number with ms, s, m, h or d. For example: 6h',
  ],
  [
    'relative path',
    goodPlan.replace('/etc/shop', 'etc'),
    '6:13 error sources.etc.paths[0]: must be an absolute path, which starts with /.',
  ],
  [
    'number out of range',
    `${goodPlan}retry: { attempts: 99 }\n`,
    '9:20 error retry.attempts: must be at most 10.',
  ],
  [
    'twice in a list',
    `${goodPlan}tolerate: [vanished, vanished]\n`,
    '9:22 error tolerate[1]: stands in this list twice. Keep one of them.',
  ],
  [
    'unit that is no service',
    held(files, 'services: ["systemd:tmp.mount"]'),
    '3:20 error hold.services[0]: must be a service: docker:container, docker:project/service, systemd:unit.service, lxc:container or command:name. For example: docker:shop-web',
  ],
  [
    'unknown selector',
    held(files, 'services: [{ lable: a=b }]'),
    '3:22 error hold.services[0].lable: unknown key. Did you mean "label"?',
  ],
  [
    'two selectors in one',
    held(files, 'services: [{ label: a=b, usesVolume: c }]'),
    '3:20 error hold.services[0]: must name at most 1.',
  ],
  [
    'bad volume',
    held(files, 'services: [{ usesVolume: /srv/data }]'),
    '3:34 error hold.services[0].usesVolume: must be the name of a Docker volume. For example: shop_uploads',
  ],
  [
    'bad service under after',
    held(files, 'services: [docker:a], after: { web: [docker:a] }'),
    '3:40 error hold.after.web: must be a service: docker:container, docker:project/service, systemd:unit.service, lxc:container or command:name.',
  ],
  [
    'bad service',
    held(files, 'services: [web]'),
    '3:20 error hold.services[0]: must be a service: docker:container, docker:project/service, systemd:unit.service, lxc:container or command:name. For example: docker:shop-web',
  ],
])('the schema: %s', (_, text, expected) => {
  expect(issuesOf(text)).toContain(expected)
})

test.each([
  [
    'no destination anywhere',
    goodPlan.replace('destinations: [disk]\n', ''),
    '1:1 error : "destinations" is missing, here and in "defaults" of holdfast.yaml. For example: destinations: [disk]',
  ],
  [
    'unknown destination',
    goodPlan.replace('[disk]', '[dsik]'),
    '8:16 error destinations[0]: holdfast.yaml defines no destination "dsik". Did you mean "disk"?',
  ],
  [
    'a destination twice',
    goodPlan.replace('[disk]', '[disk, disk]'),
    '8:22 error destinations[1]: stands in this list twice. Keep one of them.',
  ],
  [
    'rules for a destination that does not exist',
    `${goodPlan}retention: { keepLast: 7, destinations: { dsik: { keepLast: 3 } } }\n`,
    '9:43 error retention.destinations.dsik: holdfast.yaml defines no destination "dsik". Did you mean "disk"?',
  ],
  [
    'rules of a destination that leave nothing',
    `${goodPlan}retention: { keepLast: 7, destinations: { disk: { keepLast: 0 } } }\n`,
    '9:49 error retention.destinations.disk: leaves no rule that keeps anything. For example: keepLast: 7 for this destination.',
  ],
  [
    'a rule of a destination that is none',
    `${goodPlan}retention: { keepLast: 7, destinations: { disk: { keepLsat: 3 } } }\n`,
    '9:51 error retention.destinations.disk.keepLsat: unknown key. Did you mean "keepLast"?',
  ],
  [
    'a duration of a destination that is too long',
    `${goodPlan}retention: { keepLast: 7, destinations: { disk: { keepWithin: 4000d } } }\n`,
    '9:63 error retention.destinations.disk.keepWithin: is longer than ten years.',
  ],
  [
    'destination named like a method',
    goodPlan.replace('[disk]', '[constructor]'),
    '8:16 error destinations[0]: holdfast.yaml defines no destination "constructor". There are disk.',
  ],
  [
    'unknown key',
    `${goodPlan}encryption: { keys: [mian] }\n`,
    '9:22 error encryption.keys[0]: holdfast.yaml defines no key "mian". Did you mean "main"?',
  ],
  [
    'encryption that is neither',
    `${goodPlan}encryption: aes\n`,
    '9:13 error encryption: must be keys and values or "none", but is a text.',
  ],
  [
    'a key twice',
    `${goodPlan}encryption: { keys: [main, main] }\n`,
    '9:28 error encryption.keys[1]: stands in this list twice. Keep one of them.',
  ],
  [
    'unknown command service',
    held(files, 'services: [command:wbe]'),
    '3:20 error hold.services[0]: holdfast.yaml defines no service "wbe". Did you mean "web"?',
  ],
  [
    'unknown command service that another needs',
    held(files, 'services: [docker:a], after: { "docker:a": ["command:wbe"] }'),
    '3:53 error hold.after.docker:a[0]: holdfast.yaml defines no service "wbe". Did you mean "web"?',
  ],
  [
    'order for a service that is not held',
    held(files, 'services: [docker:shop-web], after: { "docker:shop-wbe": ["docker:db"] }'),
    '3:47 error hold.after.docker:shop-wbe: is not held, so there is nothing to say of its order. Did you mean "docker:shop-web"?',
  ],
  [
    'order in a circle',
    held(
      files,
      'services: [docker:a, docker:b], after: { "docker:a": ["docker:b"], "docker:b": ["docker:a"] }',
    ),
    '3:41 error hold.after: no order fits: docker:a needs docker:b needs docker:a. Remove one of these.',
  ],
  [
    'service that needs itself',
    held(files, 'services: [docker:a], after: { "docker:a": ["docker:a"] }'),
    '3:31 error hold.after: no order fits: docker:a needs docker:a. Remove one of these.',
  ],
  [
    'pause of what can only stop',
    held(files, 'services: [docker:a, lxc:b, "systemd:nginx.service"], mode: pause'),
    '3:37 error hold.services[2]: systemd:nginx.service cannot be paused, only stopped. Write "mode: stop", or leave "mode" out.',
  ],
  [
    'label twice',
    held(files, 'services: [{ label: a }, { label: a }]'),
    '3:34 error hold.services[1]: containers with label "a" stands in this hold twice. Keep one of them.',
  ],
  [
    'service held twice',
    held(files, 'services: [docker:a, docker:a]'),
    '3:30 error hold.services[1]: docker:a stands in this hold twice. Keep one of them.',
  ],
  [
    'dump inside a stopped service',
    held('type: postgres, in: docker:web, database: x'),
    '5:31 error sources.data.in: the dump runs inside docker:web, which the hold stops. Remove docker:web from the hold: a dump is consistent in itself, and the other services keep still for it.',
  ],
  [
    'dump inside a command service',
    held('type: postgres, in: command:web, database: x'),
    '5:31 error sources.data.in: only a container of Docker has an inside where a dump can run. Name a container (docker:…), or leave it out to run on the host.',
  ],
  [
    'no hold',
    goodPlan.replace('    live: true\n', ''),
    '4:3 warning sources.etc: is read without any hold: what is written meanwhile may not fit together. Add a hold, or "live: true" if nothing writes there.',
  ],
  [
    'hold of a live source',
    goodPlan.replace('live: true', 'live: true\n    hold: { services: [docker:a] }'),
    '8:5 error sources.etc.hold: holds services for a source that is live, which is read before anything stops. Remove "live: true", or the hold.',
  ],
  [
    'hold without use',
    `${goodPlan}hold: { services: [docker:a] }\n`,
    '9:7 warning hold: holds services for nothing: every source is live, or has a hold of its own. Remove it.',
  ],
  [
    'no database',
    held('type: postgres'),
    '5:3 error sources.data: names no database. Add "database: NAME", or "databases: all".',
  ],
  [
    'database and databases',
    held('type: postgres, database: a, databases: all'),
    '5:40 error sources.data.databases: stands beside "database", and only one of them can say what to dump. Remove one of them.',
  ],
  [
    'in and connection',
    held('type: postgres, database: a, in: docker:db, connection: { host: x }'),
    '5:55 error sources.data.connection: stands beside "in", and only one of them can say where the server is. Inside a container the dump needs no connection: remove one of them.',
  ],
  [
    'dots in a path',
    held('type: files, paths: [/srv/../etc]'),
    '5:32 error sources.data.paths[0]: has ".." in it. Write the path that it means.',
  ],
  [
    'exclude with an absolute path',
    held(`${files}, exclude: [/srv/data/cache]`),
    '5:54 warning sources.data.exclude[0]: starts with /, which means the top of each path, not of the disk. Write what comes after the path: with a slash inside, a glob counts from there anyway.',
  ],
  [
    'exclude with an exception',
    held(`${files}, exclude: ["*.log", "!important.log"]`),
    '5:63 error sources.data.exclude[1]: starts with !, but globs have no exceptions: each stands for itself. Remove it. For a name that starts with !, write "\\!".',
  ],
  [
    'exclude with an exception in a volume',
    held('type: volume, volume: v, exclude: ["!keep"]'),
    '5:46 error sources.data.exclude[0]: starts with !, but globs have no exceptions: each stands for itself. Remove it. For a name that starts with !, write "\\!".',
  ],
  [
    'a database in a folder that another source has',
    held('type: files, paths: [/srv/app]').replace(
      'destinations:',
      '  db: { type: sqlite, paths: [/srv/app/data/app.db] }\ndestinations:',
    ),
    "5:32 warning sources.data.paths[0]: holds /srv/app/data/app.db, which source \"db\" copies as a database. Leave it out here: exclude: ['data/app.db', 'data/app.db-*']",
  ],
  [
    'destination inside a source',
    held('type: files, paths: [/srv/]'),
    '5:32 error sources.data.paths[0]: holds the destination "disk" (/srv/backups): each backup would hold those before it. Exclude that folder, or move the destination.',
  ],
  [
    'source inside a destination',
    held('type: sqlite, paths: [/srv/backups/x.db]'),
    '5:33 error sources.data.paths[0]: lies inside the destination "disk" (/srv/backups), where backups rest. Back up the original instead.',
  ],
  [
    'retention that keeps nothing',
    `${goodPlan}retention: { keepLast: 0, keepWithin: 0d }\n`,
    '9:12 error retention: has no rule that keeps anything. For example: keepLast: 7. Without "retention", every backup is kept.',
  ],
  [
    'downtime beyond the timeout',
    held(files, 'services: [docker:web], maxDowntime: 2h', 'timeout: 1h\n'),
    '3:46 error hold.maxDowntime: is longer than the timeout of the whole run (1h). Shorten it, or raise "timeout".',
  ],
  [
    'default downtime beyond the timeout',
    held(files, 'services: [docker:web]', 'timeout: 1m\n'),
    '3:7 error hold: has a maxDowntime (the default, 10m) that is longer than the timeout of the whole run (1m). Shorten it, or raise "timeout".',
  ],
  [
    'zero downtime',
    held(files, 'services: [docker:web], maxDowntime: 0s'),
    '3:46 error hold.maxDowntime: must be longer than zero.',
  ],
  [
    'interval below a second',
    `${goodPlan}schedule: { every: 10ms }\n`,
    '9:20 error schedule.every: must be at least one second.',
  ],
  ['endless duration', `${goodPlan}timeout: 99999999d\n`, '9:10 error timeout: is longer than ten years.'],
  [
    'gzip level',
    `${goodPlan}compression: { algorithm: gzip, level: 12 }\n`,
    '9:40 error compression.level: gzip has levels 1 to 9.',
  ],
  [
    'level without compression',
    `${goodPlan}compression: { algorithm: none, level: 2 }\n`,
    '9:40 warning compression.level: has no effect without compression. Remove it.',
  ],
  [
    'cron and every',
    `${goodPlan}schedule: { cron: "0 5 * * *", every: 1h }\n`,
    '9:32 error schedule.every: stands beside "cron", and only one of them can say when to run. Remove one of them.',
  ],
  [
    'neither cron nor every',
    `${goodPlan}schedule: { paused: true }\n`,
    '9:1 error schedule: says neither "cron" nor "every". For example: cron: "30 2 * * *"',
  ],
  [
    'unknown zone',
    `${goodPlan}schedule: { every: 1h, timezone: Mars/Base }\n`,
    '9:34 error schedule.timezone: unknown time zone. Use an IANA name, for example Europe/Berlin.',
  ],
  [
    'zone in wrong case',
    `${goodPlan}schedule: { every: 1h, timezone: europe/berlin }\n`,
    '9:34 error schedule.timezone: unknown time zone. Did you mean "Europe/Berlin"?',
  ],
  [
    'offset as zone',
    `${goodPlan}schedule: { every: 1h, timezone: "+02:00" }\n`,
    '9:34 error schedule.timezone: unknown time zone. Use an IANA name, for example Europe/Berlin.',
  ],
  [
    'invalid cron',
    `${goodPlan}schedule: { cron: "61 * * * *" }\n`,
    '9:19 error schedule.cron: "61" is no minute: there are 0 to 59.',
  ],
  [
    'both days of cron',
    `${goodPlan}schedule: { cron: "0 5 1 * 1" }\n`,
    '9:19 error schedule.cron: restricts both day of month and day of week, which programs understand in different ways. Leave one of the two as *.',
  ],
  [
    'cron that never fires',
    `${goodPlan}schedule: { cron: "0 5 31 2 *" }\n`,
    '9:19 error schedule.cron: can never fire: no month has that day.',
  ],
  [
    'skipped and doubled time',
    `${goodPlan}schedule: { cron: "30 2 * * *", timezone: Europe/Berlin }\n`,
    '9:19 warning schedule.cron: clocks in Europe/Berlin are set at such a time: on the day they go forward, 02:30 does not exist and nothing runs; on the day they go back, 02:30 comes twice and runs twice. Choose another hour, or the time zone UTC.',
  ],
  [
    'a sample that nothing reads',
    `${goodPlan}verification: { sample: 10% }\n`,
    '9:25 warning verification.sample: has no effect without "verification.schedule". Add a schedule, or remove it: `holdfast backup verify PLAN --sample` needs nothing in the plan.',
  ],
  [
    'an empty sample',
    `${goodPlan}verification: { schedule: { every: 1d }, sample: 0 }\n`,
    '9:50 error verification.sample: must be at least 1.',
  ],
  [
    'a verification at no time',
    `${goodPlan}verification: { schedule: { cron: '70 5 * * 0' } }\n`,
    '9:35 error verification.schedule.cron: "70" is no minute: there are 0 to 59.',
  ],
])('the meaning: %s', (_, text, expected) => {
  expect(issuesOf(text)).toEqual([expected])
})

test.each([
  ['an excluded destination', held('type: files, paths: [/srv], exclude: ["backups/**"]')],
  ['a destination excluded as a folder', held('type: files, paths: [/srv], exclude: ["backups/"]')],
  ['a destination excluded from the top', held('type: files, paths: [/srv], exclude: [/backups]')],
  ['a destination of which all is excluded', held('type: files, paths: [/srv], exclude: ["backups/*"]')],
  ['the destination of another host', `${held('type: files, paths: [/srv]')}host: elsewhere\n`],
  ['a sibling with the same beginning', held('type: files, paths: [/srv/backups-old]')],
  [
    'a dump inside a service before it is held',
    held('type: postgres, in: docker:web, database: x, live: true', 'services: [docker:web]').replace(
      'data: {',
      `other: { ${files} }\n  data: {`,
    ),
  ],
  ['a night without daylight saving', `${goodPlan}schedule: { cron: "30 2 * * *", timezone: Asia/Tokyo }\n`],
  [
    'every hour in a zone with daylight saving',
    `${goodPlan}schedule: { cron: "30 * * * *", timezone: Europe/Berlin }\n`,
  ],
  [
    'an order for what a label may find',
    held(files, 'services: [{ label: plan=shop }], after: { "docker:a": ["docker:b"] }'),
  ],
  ['a unit of a template', held(files, 'services: ["systemd:postgresql@15-main.service"]')],
  ['a number as a sample', `${goodPlan}verification: { schedule: { every: 1d }, sample: 3 }\n`],
  ['an older name of a zone', `${goodPlan}schedule: { cron: "0 9 * * *", timezone: US/Eastern }\n`],
])('nothing is said about %s', (_, text) => {
  expect(issuesOf(text)).toEqual([])
})

test('a mistake in what the plan has from the defaults says where it comes from', () => {
  const site = { ...homeSite, defaults: { hold: { services: ['command:gone'] } } }
  const text = goodPlan.replace('    live: true\n', '')

  expect(issuesOf(text, site)).toEqual([
    '1:1 error hold.services[0]: holdfast.yaml defines no service "gone". (It comes from "defaults" of holdfast.yaml.) There are web.',
  ])
})

test('mistakes of the schema do not hide others, and nothing follows from what was written wrongly', () => {
  const text = held(
    'type: postgres, database: 5',
    'services: 7',
    'descripton: x\nretention: { keepLast: 0 }\n',
  )

  expect(issuesOf(text).map((line) => line.split(': ')[0])).toEqual([
    '3:19 error hold.services',
    '5:37 error sources.data.database',
    '7:1 error descripton',
    '8:12 error retention',
  ])
})

describe('holdfast.yaml', () => {
  const configIssues = (text: string) => readConfig(`version: 1\n${text}`, 'holdfast.yaml').issues.map(say)

  test('the smallest one is valid', () => {
    expect(readConfig('version: 1\n', 'holdfast.yaml')).toEqual({ config: { version: 1 }, issues: [] })
  })

  test.each([
    [
      'secret as a value',
      'temporal: { address: "a:7233", apiKey: hunter2 }',
      '2:40 error temporal.apiKey: a secret is a reference, not a value. Write { env: TEMPORAL_API_KEY } or { file: /run/secrets/… }.',
    ],
    [
      'address without port',
      'temporal: { address: temporal }',
      '2:22 error temporal.address: must be as in the example. For example: temporal.lan:7233',
    ],
    [
      'certificate without key',
      'temporal: { address: "a:1", tls: { certificate: { file: /a } } }',
      '2:29 error temporal.tls: a client needs both "certificate" and "key". Add the other one, or remove both.',
    ],
    [
      'unknown key of the branch that was meant',
      'temporal: { address: "a:1", tls: { serverNam: x } }',
      '2:36 error temporal.tls.serverNam: unknown key. Did you mean "serverName"?',
    ],
    [
      'neither branch',
      'temporal: { address: "a:1", tls: maybe }',
      '2:34 error temporal.tls: must be true or false or keys and values, but is a text.',
    ],
    [
      'API key in the clear',
      'temporal: { address: "a:1", tls: false, apiKey: { env: KEY } }',
      '2:34 error temporal.tls: would send the API key in the clear. Remove "tls: false".',
    ],
    [
      'two destinations in one folder',
      'destinations: { a: { type: local, path: /b }, c: { type: local, path: /b/ } }',
      '2:71 error destinations.c.path: is the folder of the destination "a", too.',
    ],
    [
      'SFTP without credentials',
      'destinations: { a: { type: sftp, host: h, user: u, path: /b } }',
      '2:17 error destinations.a: says neither "privateKey" nor "password". For example: privateKey: { file: /etc/holdfast/id_ed25519 }',
    ],
    [
      'the whole disk',
      'destinations: { a: { type: local, path: / } }',
      '2:41 error destinations.a.path: must be a folder, not the whole disk.',
    ],
    [
      'a bucket that is nowhere',
      'destinations: { a: { type: s3, bucket: abc, accessKeyId: { env: K }, secretAccessKey: { env: S } } }',
      '2:17 error destinations.a: needs the region of the bucket, or the endpoint of a store. For example: region: eu-central-1',
    ],
    [
      'a key that nothing uses',
      'destinations: { a: { type: s3, bucket: abc, region: r, kmsKeyId: k, accessKeyId: { env: K }, secretAccessKey: { env: S } } }',
      '2:66 error destinations.a.kmsKeyId: is used by no other than "serverSideEncryption: aws:kms". Add that, or remove the key.',
    ],
    [
      'an access key without its secret',
      'destinations: { a: { type: s3, bucket: abc, region: r, accessKeyId: { env: K } } }',
      '2:17 error destinations.a: "secretAccessKey" is missing. For example: secretAccessKey: { file: /run/secrets/s3 }',
    ],
    [
      'plans elsewhere',
      'plans: [/etc/*.yaml]',
      '2:9 error plans[0]: must lie below the folder of holdfast.yaml. For example: plans/*.yaml',
    ],
    [
      'plans with an exception',
      'plans: ["plans/*.yaml", "!plans/draft.yaml"]',
      '2:25 error plans[1]: starts with !, but globs have no exceptions: each stands for itself. Remove it. For a name that starts with !, write "\\!".',
    ],
    [
      'services with an exception',
      'allow: { services: ["docker:shop-*", "!docker:shop-db"] }',
      '2:38 error allow.services[1]: starts with !, but globs have no exceptions: each stands for itself. Remove it. For a name that starts with !, write "\\!".',
    ],
    [
      'defaults that name nothing',
      'defaults: { destinations: [disk] }',
      '2:28 error defaults.destinations[0]: holdfast.yaml defines no destination "disk". Define it under "destinations" there.',
    ],
    [
      'defaults that name no key',
      'keys: { main: { type: env, variable: MAIN } }\ndefaults: { encryption: { keys: [mian] } }',
      '3:34 error defaults.encryption.keys[0]: holdfast.yaml defines no key "mian". Did you mean "main"?',
    ],
    [
      'a key in place of its variable',
      `keys: { main: { type: env, variable: ${'a1'.repeat(32)} } }`,
      '2:38 error keys.main.variable: must be at most 63 characters long.',
    ],
    [
      'a rate that nothing could work with',
      'destinations: { disk: { type: local, path: /srv/backups, limits: { upload: 1kB/s } } }',
      '2:76 error destinations.disk.limits.upload: must be at least 64KiB/s.',
    ],
    [
      'a size as a rate',
      'destinations: { disk: { type: local, path: /srv/backups, limits: { upload: 1MiB } } }',
      '2:76 error destinations.disk.limits.upload: must be a rate: a number with kB, MB, GB, KiB, MiB or GiB, and /s. For example: 10MiB/s',
    ],
    [
      'defaults that never fire',
      'defaults: { schedule: { cron: "0 0 30 2 *" } }',
      '2:31 error defaults.schedule.cron: can never fire: no month has that day.',
    ],
  ])('%s', (_, text, expected) => {
    expect(configIssues(text)).toContain(expected)
  })
})
