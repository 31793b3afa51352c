import fc from 'fast-check'
import { counted, formatBytes, formatDuration, parseDuration } from '../../core/units.js'

test.each([
  ['850ms', 850],
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['26h', 93_600_000],
  ['30d', 2_592_000_000],
  ['0s', 0],
])('the duration %s is %d ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected)
})

test('what validation refuses is a mistake of ours here', () => {
  expect(() => parseDuration('6 hours')).toThrow('Impossible')
})

test.each([
  [-5, '0ms'],
  [850, '850ms'],
  [12_340, '12.3s'],
  [59_949, '59.9s'],
  [59_950, '1m 00s'],
  [245_000, '4m 05s'],
  [7_380_000, '2h 03m'],
  [273_600_000, '3d 4h'],
])('%d ms read as %s', (milliseconds, expected) => {
  expect(formatDuration(milliseconds)).toBe(expected)
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [1_048_575, '1 MiB'],
  [21_474_836_480, '20 GiB'],
  [157_286_400, '150 MiB'],
])('%d bytes read as %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected)
})

test('no number of bytes reads as 1024 of a unit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      expect(formatBytes(bytes)).not.toMatch(/^1024 (?!PiB)/)
    }),
  )
})

test('one is singular', () => {
  expect([counted(1, 'file'), counted(0, 'file'), counted(2, 'file')]).toEqual([
    '1 file',
    '0 files',
    '2 files',
  ])
})
