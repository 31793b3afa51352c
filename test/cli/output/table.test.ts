import { stripVTControlCharacters } from 'node:util'
import { renderBackups, renderRetention } from '../../../cli/output/backups.js'
import { renderFields, renderTable } from '../../../cli/output/table.js'
import { clipped, oneLine, printable } from '../../../cli/output/text.js'
import { NO_MARKS } from '../../../core/marks.js'
import type { ListedBackup } from '../../../core/copies.js'

const plain = (text: string) => stripVTControlCharacters(text)

const backup: ListedBackup = {
  id: '20261120-013000-shop-7f3a2c',
  site: 'home',
  plan: 'shop',
  host: 'nas',
  destination: 'disk',
  takenAt: '2026-11-20T01:30:00Z',
  completedAt: '2026-11-20T01:31:00Z',
  data: 'complete',
  services: 'ok',
  isSubset: false,
  isSound: true,
  isGood: true,
  marks: NO_MARKS,
  sources: [{ name: 'uploads', type: 'files', plainBytes: 2048, count: 3 }],
  plainBytes: 2048,
  storedBytes: 1024,
  downtimeMs: 3200,
  notCaptured: 0,
  copies: [{ destination: 'disk', isGood: true, marks: NO_MARKS }],
}

test('columns are aligned, and those that are empty are left out', () => {
  const table = renderTable(
    [
      { head: 'NAME', cell: ({ name }: { name: string; size: number }) => name },
      { head: 'NOTE', cell: () => '' },
      { head: 'SIZE', align: 'right', cell: ({ size }) => String(size) },
    ],
    [
      { name: 'a', size: 1000 },
      { name: 'longer', size: 7 },
    ],
  )

  expect(plain(table)).toBe('NAME    SIZE\na       1000\nlonger     7')
})

test('a backup is listed with its verdict, sizes and downtime, in the zone of the reader', () => {
  const table = plain(renderBackups([backup, { ...backup, isGood: false, isSubset: true }], 'Europe/Berlin'))

  expect(table.split('\n')[1]).toMatch(
    /20261120-013000-shop-7f3a2c +2026-11-20 02:30:00 +good +uploads +2 KiB +1 KiB +3\.2s +disk/,
  )
  expect(table.split('\n')[2]).toContain('not good, subset')
})

test('an empty list says so', () => {
  expect(renderBackups([], 'UTC')).toBe('No backups.')
})

test('each backup is shown with the reasons it is kept, newest first', () => {
  const text = plain(
    renderRetention(
      [
        { backupId: 'old', takenAt: '2026-01-01T00:00:00Z', isGood: true, keptBecause: [] },
        {
          backupId: 'new',
          takenAt: '2026-02-01T00:00:00Z',
          isGood: true,
          keptBecause: ['last 1 of 1', 'minimum of 1'],
        },
      ],
      'UTC',
    ),
  )

  const lines = text.split('\n')
  expect(lines[1]).toMatch(/^new .*last 1 of 1, minimum of 1$/)
  expect(lines[2]).toMatch(/^old .*goes$/)
  expect(lines.at(-1)).toBe('1 backup kept, 1 goes.')
})

test('fields are aligned, and those without a value are left out', () => {
  expect(
    plain(
      renderFields([
        ['Id', 'x'],
        ['Longer', 'first\nsecond'],
        ['Not there', undefined],
      ]),
    ),
  ).toBe('Id      x\nLonger  first\n        second')
})

test('names from elsewhere stay on their line and cannot steer the terminal', () => {
  expect(oneLine('a\nb\tc\u001b]0;title\u0007')).toBe('a b c\\x1b]0;title\\x07')
  expect(printable('a\nb')).toBe('a\nb')
})

test('a line that is too long is cut with an ellipsis', () => {
  expect(clipped('123456', 6)).toBe('123456')
  expect(clipped('1234567', 6)).toBe('12345…')
  expect(clipped('\u001b[31m12\u001b[39m', 2)).toBe('\u001b[31m12\u001b[39m')
})
