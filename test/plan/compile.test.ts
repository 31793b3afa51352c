import { wantedSchedules } from '../../plan/compile.js'
import { describeChange, describeChanges } from '../../plan/diff.js'
import { diffSchedules } from '../../core/schedule-diff.js'
import { compiled, goodPlan, shopPlan } from './sites.js'

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
  const { job } = compiled(shopPlan)

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
  const [first] = wantedSchedules(compiled(shopPlan))
  const [again] = wantedSchedules(compiled(shopPlan))
  const [other] = wantedSchedules(compiled(shopPlan.replace('90s', '91s')))

  expect(first).toMatchObject({
    scheduleId: 'home/backup/shop',
    plan: 'shop',
    schedule: { cron: '30 2 * * *', jitterMs: 300_000, catchUpMs: 21_600_000, paused: false },
  })
  expect(again?.hash).toBe(first?.hash)
  expect(other?.hash).not.toBe(first?.hash)
  expect(wantedSchedules(compiled(goodPlan))).toEqual([])
})

test('changes of schedules are said in a line each', () => {
  const [wanted] = wantedSchedules(compiled(shopPlan))
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
