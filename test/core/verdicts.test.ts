import type { BackupSummary, HoldReport, Item, ServicesVerdict } from '../../core/backup.js'
import { notCapturedOf, outcomeOf, servicesVerdictOf } from '../../core/verdicts.js'

const report = (health: ServicesVerdict): HoldReport => ({
  service: 'command:web',
  mode: 'stop',
  stateBefore: 'running',
  stoppedAt: '',
  health,
})

test.each<[ServicesVerdict[], ServicesVerdict]>([
  [[], 'ok'],
  [['ok', 'held'], 'held'],
  [['unhealthy', 'held', 'ok'], 'unhealthy'],
  [['not-restarted', 'unhealthy'], 'not-restarted'],
])('the verdict about services %j is %s', (health, verdict) => {
  expect(servicesVerdictOf(health.map(report))).toBe(verdict)
})

test.each<[boolean, ServicesVerdict, string]>([
  [true, 'ok', 'good'],
  [true, 'held', 'good'],
  [true, 'unhealthy', 'not-good'],
  [false, 'ok', 'not-good'],
])('a backup that is good (%s) with services %s makes the run %s', (isGood, services, outcome) => {
  expect(outcomeOf({ isGood } as BackupSummary, services)).toBe(outcome)
})

test('what was not captured is counted by cause over all items, and nothing is said of what is none', () => {
  const items = [
    { notCapturedCounts: { vanished: 2, changed: 0 } },
    { notCapturedCounts: { vanished: 1, unreadable: 1 } },
  ] as Item[]

  expect(notCapturedOf(items)).toEqual({ vanished: 3, unreadable: 1 })
})
