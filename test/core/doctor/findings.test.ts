import type { BackupSummary } from '../../../core/backup.js'
import { judgeAlarms, judgeJournal } from '../../../core/doctor/debts.js'
import {
  judgeDestination,
  judgeNewest,
  judgeSpool,
  judgeUnused,
  usesOf,
} from '../../../core/doctor/destinations.js'
import { countFindings, worstFirst, type Finding } from '../../../core/doctor/finding.js'
import {
  judgeKeys,
  judgeRuntime,
  judgeSecrets,
  judgeStateFolder,
  judgeTools,
} from '../../../core/doctor/machine.js'
import {
  judgeAgent,
  judgeConfiguration,
  judgePreflight,
  judgeSchedules,
  judgeTemporal,
  judgeWorkers,
} from '../../../core/doctor/site.js'
import type { ScheduleChange } from '../../../core/schedule-diff.js'

const now = new Date('2026-03-05T12:00:00.000Z')
const GIB = 2 ** 30
const failed = { message: 'It is broken.', hint: 'Mend it.' }

const severities = (findings: readonly Finding[]) =>
  findings.map(({ area, severity }) => `${area} ${severity}`)

const folder = { mode: 0o700, ownerId: 0, isWritable: true, freeBytes: 50 * GIB }
const state = (changes: Partial<typeof folder>, userId = 0) =>
  judgeStateFolder({ path: '/var/lib/holdfast', folder: { ...folder, ...changes }, userId })
const change = (changes: object) => [
  { plan: 'shop', work: 'backup', paused: false, ...changes } as ScheduleChange,
]
const worker = { host: 'nas', hasControl: true, hasData: true, plans: ['shop'] }
const use = { destination: 'disk', host: 'nas', first: ['shop'], copies: [] }
const trial = { destination: 'disk', host: 'nas', bytes: 17, writeMs: 1, readMs: 1, clockDifferenceMs: 0 }
const backup = (changes: Partial<BackupSummary> = {}) =>
  ({
    id: 'b1',
    plan: 'shop',
    isSubset: false,
    takenAt: '2026-03-05T02:00:00Z',
    storedBytes: GIB,
    ...changes,
  }) as BackupSummary

test.each<[string, readonly Finding[], readonly string[]]>([
  ['a good state folder', state({}), ['rights fine', 'space fine']],
  ['a state folder that others can look into', state({ mode: 0o755 }), ['rights warning', 'space fine']],
  ['a state folder that cannot be written', state({ isWritable: false }), ['rights problem', 'space fine']],
  ['a state folder of another user', state({ isWritable: false }, 1000), ['rights warning', 'space fine']],
  ['a state folder that is nearly full', state({ freeBytes: 2 ** 29 }), ['rights fine', 'space warning']],
  ['a state folder that is full', state({ freeBytes: 2 ** 20 }), ['rights fine', 'space problem']],
  ['no state folder yet', judgeStateFolder({ path: '/x', userId: 0 }), ['rights fine']],
  [
    'a tool that is there',
    judgeTools([{ tool: 'tar', plans: ['shop'], found: { value: '1.34' } }]),
    ['tools fine'],
  ],
  [
    'a tool that is missing',
    judgeTools([{ tool: 'sqlite', plans: ['shop'], found: { failed } }]),
    ['tools problem'],
  ],
  [
    'a Docker that refuses',
    judgeTools([{ tool: 'docker', plans: ['shop'], found: { failed } }]),
    ['rights problem'],
  ],
  [
    'zones that are known',
    judgeRuntime({ node: '24', zstd: '1', zoneData: '2026a', unknownZones: [] }, now),
    ['tools fine', 'clock fine'],
  ],
  [
    'a zone that is not',
    judgeRuntime({ node: '24', zstd: '1', unknownZones: ['Europe/Berlin'] }, now),
    ['tools fine', 'clock problem'],
  ],
  [
    'zone data of long ago',
    judgeRuntime({ node: '20', zstd: '1', zoneData: '2021e', unknownZones: [] }, now),
    ['tools fine', 'clock warning'],
  ],
  [
    'a key that a plan needs',
    judgeKeys([{ name: 'main', type: 'file', problem: 'It is gone.' }], new Map([['main', ['shop']]])),
    ['keys problem'],
  ],
  [
    'a key that no plan needs',
    judgeKeys([{ name: 'old', type: 'file', problem: 'It is gone.' }], new Map()),
    ['keys warning'],
  ],
  ['keys that can be used', judgeKeys([{ name: 'main', type: 'file' }], new Map()), ['keys fine']],
  [
    'a secret that is missing',
    judgeSecrets([{ wish: { reference: { env: 'X' }, usedBy: ['plan shop'] }, resolved: { failed } }]),
    ['secrets problem'],
  ],
  ['no secrets at all', judgeSecrets([]), []],
  [
    'plans with mistakes',
    judgeConfiguration({ configFile: 'c', plans: 1, errors: 1, warnings: 1 }),
    ['configuration problem', 'configuration warning'],
  ],
  [
    'no plans',
    judgeConfiguration({ configFile: 'c', plans: 0, errors: 0, warnings: 0 }),
    ['configuration warning'],
  ],
  ['Temporal that does not answer', judgeTemporal(undefined, failed), ['temporal problem']],
  ['workers that are all there', judgeWorkers({ hosts: [worker], hasOrchestrator: true }), ['workers fine']],
  [
    'a host without a data worker',
    judgeWorkers({ hosts: [{ ...worker, hasData: false }], hasOrchestrator: true }),
    ['workers problem'],
  ],
  [
    'a host that nothing runs on',
    judgeWorkers({ hosts: [{ ...worker, hasData: false, plans: [] }], hasOrchestrator: true }),
    ['workers warning'],
  ],
  ['nobody who takes up runs', judgeWorkers({ hosts: [], hasOrchestrator: false }), ['workers problem']],
  ['an agent that was killed', judgeAgent('killed'), ['workers problem']],
  ['a schedule that was never applied', judgeSchedules(change({ kind: 'create' })), ['schedules problem']],
  [
    'a verification that was never applied',
    judgeSchedules(change({ kind: 'create', work: 'verify' })),
    ['schedules warning'],
  ],
  ['a schedule of an older plan', judgeSchedules(change({ kind: 'change' })), ['schedules warning']],
  ['a schedule of no plan', judgeSchedules(change({ kind: 'remove' })), ['schedules warning']],
  [
    'a schedule that is paused',
    judgeSchedules(change({ kind: 'keep', paused: true })),
    ['schedules warning'],
  ],
  ['a schedule as its plan says', judgeSchedules(change({ kind: 'keep' })), ['schedules fine']],
  [
    'a plan that can run',
    judgePreflight('shop', 'nas', { value: { holds: [], warnings: [] } }),
    ['plans fine'],
  ],
  [
    'a plan that can run, oddly',
    judgePreflight('shop', 'nas', { value: { holds: [], warnings: ['Odd.'] } }),
    ['plans warning'],
  ],
  ['a plan that cannot run', judgePreflight('shop', 'nas', { failed }), ['plans problem']],
  [
    'a destination that works',
    judgeDestination(use, { value: trial }, []),
    ['destinations fine', 'clock fine'],
  ],
  ['a destination that does not', judgeDestination(use, { failed }, []), ['destinations problem']],
  [
    'a place of copies that does not',
    judgeDestination({ ...use, first: [], copies: ['shop'] }, { failed }, []),
    ['destinations warning'],
  ],
  [
    'a destination with room',
    judgeDestination(use, { value: { ...trial, freeBytes: 9 * GIB } }, [backup()]),
    ['destinations fine', 'space fine', 'clock fine'],
  ],
  [
    'a destination that is nearly full',
    judgeDestination(use, { value: { ...trial, freeBytes: 2 * GIB } }, [backup()]),
    ['destinations fine', 'space warning', 'clock fine'],
  ],
  [
    'a destination that is full',
    judgeDestination(use, { value: { ...trial, freeBytes: 1 } }, [backup()]),
    ['destinations fine', 'space problem', 'clock fine'],
  ],
  [
    'a destination without backups',
    judgeDestination(use, { value: { ...trial, freeBytes: 1 } }, []),
    ['destinations fine', 'space fine', 'clock fine'],
  ],
  [
    'a destination whose clock is off',
    judgeDestination(use, { value: { ...trial, clockDifferenceMs: -3_600_000 } }, []),
    ['destinations fine', 'clock warning'],
  ],
  ['a destination that nobody uses', judgeUnused(['disk', 'spare'], [use]), ['destinations warning']],
  [
    'a clock before the newest backup',
    judgeNewest([backup({ takenAt: '2026-03-06T00:00:00Z' })], now),
    ['clock warning'],
  ],
  ['a clock after it', judgeNewest([backup()], now), []],
  ['a spool that is too small', judgeSpool({ plans: ['shop'], roomBytes: 5 }, [backup()]), ['space warning']],
  ['a spool with room', judgeSpool({ plans: ['shop'], roomBytes: 2 * GIB }, [backup()]), ['space fine']],
  ['a journal without entries', judgeJournal({ entries: [], damaged: [] }, now), ['journal fine']],
  ['no journal yet', judgeJournal(undefined, now), ['journal fine']],
  [
    'a service that is held',
    judgeJournal(
      {
        entries: [{ service: 'docker:web', lease: 'read', deadlineAt: '2026-03-05T12:05:00Z' }],
        damaged: [],
      },
      now,
    ),
    ['journal fine'],
  ],
  [
    'a service that is overdue',
    judgeJournal(
      {
        entries: [{ service: 'docker:web', lease: 'read', deadlineAt: '2026-03-05T11:00:00Z' }],
        damaged: [],
      },
      now,
    ),
    ['journal problem'],
  ],
  [
    'a service that a restore holds',
    judgeJournal({ entries: [{ service: 'docker:web', lease: 'write' }], damaged: [] }, now),
    ['journal warning'],
  ],
  [
    'a damaged entry',
    judgeJournal({ entries: [], damaged: [{ path: '/j/x.json' }] }, now),
    ['journal problem'],
  ],
  [
    'an open alarm',
    judgeAlarms({ alarms: [{ cause: 'stale', summary: 'Old.', hint: 'Look.' }], problems: [] }),
    ['alarms warning'],
  ],
  ['no alarm', judgeAlarms({ alarms: [], problems: [] }), ['alarms fine']],
])('%s', (_, findings, expected) => {
  expect(severities(findings)).toEqual(expected)
  // Whatever is not fine says what mends it, or is a sentence of a run that has no cure.
  for (const { severity, what, mend } of findings)
    if (severity === 'problem')
      expect({ what, mend }).toEqual({ what, mend: expect.stringMatching(/./) as string })
})

test('a destination is the first of some plans and has copies of others, by host', () => {
  const plan = (name: string, host: string, ...destinations: string[]) => ({
    name,
    host,
    job: { destinations },
  })

  const uses = usesOf([plan('a', 'nas', 'disk', 'far'), plan('b', 'nas', 'far'), plan('c', 'vps', 'far')])

  expect(uses).toEqual([
    { destination: 'disk', host: 'nas', first: ['a'], copies: [] },
    { destination: 'far', host: 'nas', first: ['b'], copies: ['a'] },
    { destination: 'far', host: 'vps', first: ['c'], copies: [] },
  ])
})

test('the worst comes first, and is counted', () => {
  const of = (severity: Finding['severity']): Finding => ({ area: 'clock', severity, what: severity })

  const findings = worstFirst([of('fine'), of('warning'), of('problem'), of('warning')])

  expect(findings.map(({ severity }) => severity)).toEqual(['problem', 'warning', 'warning', 'fine'])
  expect(countFindings(findings)).toEqual({ problems: 1, warnings: 2, fine: 1 })
})
