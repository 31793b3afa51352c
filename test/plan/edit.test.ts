import { setSchedule } from '../../plan/edit.js'
import { goodPlan } from './sites.js'

const cron = '0 2 * * *'

test.each([
  [
    'a value',
    'a: 1 # one\nschedule:   # when\n  cron: "30 4 * * *"   # early\n  timezone: UTC\nb: 2\n',
    'a: 1 # one\nschedule:   # when\n  cron: "0 2 * * *"   # early\n  timezone: UTC\nb: 2\n',
  ],
  ['a plain value', 'schedule:\n  cron: 30 4 * * * # x\n', 'schedule:\n  cron: "0 2 * * *" # x\n'],
  [
    'an interval',
    'schedule:\n  every: 6h # often\n  jitter: 5m\n',
    'schedule:\n  cron: "0 2 * * *" # often\n  jitter: 5m\n',
  ],
  [
    'flow style',
    'schedule: { every: 6h, jitter: 5m } # x\n',
    'schedule: { cron: "0 2 * * *", jitter: 5m } # x\n',
  ],
  [
    'only other fields',
    'schedule:\n  # zone\n  timezone: UTC\n',
    'schedule:\n  # zone\n  cron: "0 2 * * *"\n  timezone: UTC\n',
  ],
  [
    'only other fields in flow style',
    'schedule: { timezone: UTC }\n',
    'schedule: { cron: "0 2 * * *", timezone: UTC }\n',
  ],
  ['Windows', 'schedule:\r\n  cron: "1 1 * * *"\r\nb: 1\r\n', 'schedule:\r\n  cron: "0 2 * * *"\r\nb: 1\r\n'],
  ['a plan of one line', '{a: 1, sources: {}}', '{a: 1, schedule: { cron: "0 2 * * *" }, sources: {}}'],
  [
    'a schedule without anything',
    'a: 1 # one\nschedule:\nb: 2\n',
    'a: 1 # one\nschedule:\n  cron: 0 2 * * *\nb: 2\n',
  ],
])('%s is edited in place', (_, before, after) => {
  expect(setSchedule(before, cron)).toBe(after)
})

test('a plan without schedule gets one before its sources', () => {
  expect(setSchedule(goodPlan, cron)).toBe(
    goodPlan.replace('sources:', 'schedule:\n  cron: "0 2 * * *"\nsources:'),
  )
})

test('a plan that inherits its schedule keeps the zone of it', () => {
  const inherited = { every: '1h', timezone: 'Europe/Berlin', jitter: '5m' }

  expect(setSchedule(goodPlan, cron, inherited)).toContain(
    'schedule:\n  timezone: "Europe/Berlin"\n  jitter: "5m"\n  cron: "0 2 * * *"\nsources:',
  )
})

test.each([
  ['no YAML', 'a: ['],
  ['a list', '- a'],
  ['a schedule that is an alias', 'x: &s { cron: "1 1 * * *" }\nschedule: *s\ny: *s\n'],
  ['an alias of nothing', 'schedule: { cron: *c }\n'],
  ['a schedule whose anchor would go', 'schedule: &s\ny: *s\n'],
  ['a cron that others repeat', 'schedule: { cron: &c "1 1 * * *" }\ny: *c\n'],
])('%s is left alone, with an error', (_, text) => {
  try {
    const edited = setSchedule(text, cron)
    expect(edited).toContain(cron)
  } catch (error) {
    expect(error).toMatchObject({ code: 'plan.invalid' })
  }
})
