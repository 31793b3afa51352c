import ansis from 'ansis'
import { renderPlans } from '../../../cli/output/plan-status.js'
import { sparkline } from '../../../cli/output/sparkline.js'
import type { PlanStatus } from '../../../operations/plan-status.js'

const now = new Date('2026-11-21T12:00:00Z')
const shop: PlanStatus = {
  plan: 'shop',
  host: 'nas',
  backups: 12,
  newestGood: { id: '20261121-013000-shop-abcd', takenAt: '2026-11-21T01:30:00Z' },
  freshnessMs: 26 * 3_600_000,
  sizes: [100, 100, 50, 2 ** 20],
  lastRun: { workflowId: 'w', status: 'completed', outcome: 'good', startedAt: '2026-11-21T01:30:02Z' },
  nextRunAt: '2026-11-22T01:30:00Z',
  schedule: 'active',
}
const shown = (plan: PlanStatus) => ansis.strip(renderPlans([plan], now, 'UTC'))

test('a plan is one line: what it has against what it wants, what ran last and runs next, and how it grows', () => {
  expect(shown(shop)).toBe(
    [
      'PLAN  HOST  BACKUPS  NEWEST GOOD                LAST RUN  NEXT RUN             SIZE',
      'shop  nas        12  10h 30m ago (wants 1d 2h)  good      2026-11-22 01:30:00  ▁▁▁█ 1 MiB',
    ].join('\n'),
  )
})

test.each<[string, Partial<PlanStatus>, string]>([
  [
    'a run that goes on says since when',
    { lastRun: { ...shop.lastRun!, status: 'running' } },
    'running since 10h 29m',
  ],
  ['a failed run says so', { lastRun: { ...shop.lastRun!, status: 'failed', outcome: 'failed' } }, 'failed'],
  [
    'a schedule that nobody applied says how',
    { schedule: 'not-applied' },
    'not applied: holdfast plan apply',
  ],
  ['a paused schedule says so', { schedule: 'paused' }, 'paused'],
])('%s', (_, changes, text) => {
  expect(shown({ ...shop, ...changes })).toContain(text)
})

test('a plan of which nothing is known has question marks, and one without backups none', () => {
  const bare: PlanStatus = { plan: 'shop', host: 'nas', schedule: 'unknown' }

  expect(shown(bare)).toMatch(/shop +nas +\? +\? +\?$/)
  expect(shown({ ...bare, backups: 0, sizes: [], schedule: 'none' })).toMatch(
    /shop +nas +0 +none +when asked$/,
  )
})

test('bars are measured from zero, and one value is no trend', () => {
  expect(sparkline([0, 25, 50, 100])).toBe('▁▃▅█')
  expect(sparkline([100, 101])).toBe('██')
  expect(sparkline([0, 0])).toBe('▁▁')
  expect(sparkline([7])).toBe('')
})
