import { exitCodeOfBackup, exitCodeOfRestore, exitCodeOfVerification } from '../../cli/outcome.js'
import { parseSince } from '../../cli/instant-flag.js'

test.each([
  ['good', 0],
  ['not-good', 9],
  ['skipped', 5],
  ['cancelled', 130],
] as const)('a backup run that ends %s exits with %i', (outcome, code) => {
  expect(exitCodeOfBackup({ outcome })).toBe(code)
})

test('a restore whose service is not well again exits with 9', () => {
  expect(exitCodeOfRestore({ servicesVerdict: 'ok' })).toBe(0)
  expect(exitCodeOfRestore({ servicesVerdict: 'unhealthy' })).toBe(9)
})

test('a damaged backup exits with 8', () => {
  expect(exitCodeOfVerification({ problems: [] })).toBe(0)
  expect(exitCodeOfVerification({ problems: ['data.tar.zst: differs'] })).toBe(8)
})

const now = new Date('2026-11-20T12:00:00Z')

test.each([
  ['7d', '2026-11-13T12:00:00.000Z'],
  ['90m', '2026-11-20T10:30:00.000Z'],
  ['2026-11-01', '2026-11-01T00:00:00.000Z'],
  ['2026-11-01T02:00:00+02:00', '2026-11-01T00:00:00.000Z'],
])('--since %s means %s', (text, instant) => {
  expect(parseSince(text, now)).toBe(instant)
})

test.each(['yesterday', '7', '', '2026-13-40', '99999999999999d', '12'])(
  '--since "%s" is refused',
  (text) => {
    expect(() => parseSince(text, now)).toThrow(/is no time/)
  },
)
