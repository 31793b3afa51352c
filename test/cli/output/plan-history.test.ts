import ansis from 'ansis'
import { renderHistory } from '../../../cli/output/plan-history.js'
import type { PlanHistory } from '../../../operations/plan-history.js'
import { compiled, goodPlan } from '../../plan/sites.js'

const text = `${goodPlan.replace('    live: true\n', '')}hold: { services: [docker:web], maxDowntime: 60s }\n`
const plan = compiled(text)

const now = new Date('2026-11-21T12:00:00Z')
const shown = (history: PlanHistory) => ansis.strip(renderHistory(plan, history, now, 'UTC'))
const newestGood = {
  id: '20261121-013000-shop-abcd',
  takenAt: '2026-11-21T01:30:00Z',
  capturedInMs: 130_000,
  plainBytes: 2 ** 30,
  storedBytes: 2 ** 29,
  downtimeMs: 12_000,
  holds: [
    {
      service: 'docker:web',
      mode: 'stop' as const,
      stateBefore: 'running' as const,
      stoppedAt: '2026-11-21T01:30:01Z',
      downtimeMs: 12_000,
      health: 'ok' as const,
    },
  ],
}

test('what the last good backup took, and how long services were down, is said', () => {
  expect(shown({ newestGood, downtimes: { backups: 10, longestMs: 20_000 }, problems: [] })).toBe(
    `So far:
  The newest good backup is of 2026-11-21 01:30:00 (10h 30m ago): 20261121-013000-shop-abcd. It read 1 GiB in 2m 10s, and stored 512 MiB. Down for it: docker:web 12.0s.
  The longest that a service was down for the last 10 good backups is 20.0s.`,
  )
})

test('a downtime that comes close to its limit is pointed out', () => {
  expect(shown({ newestGood, downtimes: { backups: 10, longestMs: 48_000 }, problems: [] })).toContain(
    'That is close to maxDowntime, 1m 00s',
  )
})

test('what retention would do today is a table with reasons for each destination', () => {
  const decisions = [
    { backupId: 'new', takenAt: '2026-11-21T01:30:00Z', isGood: true, keptBecause: ['last 1 of 1'] },
    { backupId: 'old', takenAt: '2026-11-20T01:30:00Z', isGood: true, keptBecause: [] },
  ]
  const told = shown({
    newestGood,
    retention: { reports: [{ destination: 'disk', decisions }], problems: [] },
    problems: [],
  })

  expect(told).toContain('Retention today, at disk:\n  ID ')
  expect(told).toMatch(/ {2}new .*last 1 of 1\n {2}old .*goes\n/)
  expect(told).toContain('  1 backup kept, 1 goes.')
})

test('a plan without backups says so, and one that nobody can be asked about says why', () => {
  expect(shown({ problems: [] })).toBe('So far:\n  There is no good backup yet.')
  expect(shown({ problems: ['Temporal does not answer.'] })).toBe('not known Temporal does not answer.')
})
