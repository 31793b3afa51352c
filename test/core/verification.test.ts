import fc from 'fast-check'
import { summaryOf, withMarks, type BackupSummary } from '../../core/backup.js'
import { NO_MARKS, type MarkState } from '../../core/marks.js'
import {
  ALL,
  READ_AT_MOST,
  chooseBackups,
  outcomeOfVerification,
  parseSample,
  sampleInWords,
  whyIncomplete,
  type Sample,
  type VerifiedBackup,
} from '../../core/verification.js'
import { manifest } from '../fakes/backups.js'

const DAY_MS = 86_400_000
const FIRST = Date.UTC(2026, 2, 1)
const at = (day: number) => new Date(FIRST + day * DAY_MS).toISOString()

function backup(day: number, readOn?: number, changes: Partial<BackupSummary> = {}): BackupSummary {
  const marks: MarkState =
    readOn === undefined ? NO_MARKS : { ...NO_MARKS, verification: { outcome: 'verified', at: at(readOn) } }
  return { ...withMarks(summaryOf(manifest({ at: at(day) }), 'disk'), marks), ...changes }
}

const job = (sample: Sample, destinations = ['disk']) => ({
  site: 'home',
  plan: 'shop',
  destinations,
  sample,
})
const days = (backups: readonly BackupSummary[], sample: Sample) =>
  chooseBackups(backups, job(sample)).chosen.map(({ backupId }) => Number(backupId.slice(6, 8)) - 1)

test.each<[string, Sample, BackupSummary[], number[]]>([
  ['of nothing nothing is read', ALL, [], []],
  ['without a sample all are read', ALL, [backup(1), backup(0)], [0, 1]],
  ['a share is rounded up: one is read of three', { share: 0.1 }, [backup(2), backup(0), backup(1)], [0]],
  ['a number is a number', { backups: 2 }, [backup(2), backup(0), backup(1)], [0, 1]],
  ['more than there are is all', { backups: 5 }, [backup(0)], [0]],
  [
    'what was read last comes last, and what was never read counts from when it was taken',
    { backups: 3 },
    [backup(0, 9), backup(1, 3), backup(5), backup(2, 4)],
    [1, 2, 5],
  ],
  [
    'what is of another plan or site, or deleted, is left out',
    ALL,
    [
      backup(0, undefined, { site: 'other' }),
      backup(1, undefined, { plan: 'home' }),
      backup(2, undefined, {
        marks: { ...NO_MARKS, deletion: { by: 'person', until: at(9), marks: [] } },
      }),
      backup(3),
    ],
    [3],
  ],
])('%s', (_, sample, backups, expected) => {
  expect(days(backups, sample)).toEqual(expected)
})

test('each destination has its own sample', () => {
  const there = (day: number, destination: string) => backup(day, undefined, { destination })
  const backups = [there(0, 'disk'), there(1, 'disk'), there(0, 'offsite'), there(1, 'offsite')]

  const { chosen, of } = chooseBackups(backups, job({ backups: 1 }, ['disk', 'offsite']))

  expect(chosen.map(({ destination }) => destination)).toEqual(['disk', 'offsite'])
  expect(of).toBe(4)
})

test('over time every backup is read, however small the sample', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100 }), (count, percent) => {
      let backups = Array.from({ length: count }, (_, day) =>
        backup(day % 28, undefined, { id: `id-${day}` }),
      )
      const seen = new Set<string>()
      // As many rounds as the smallest sample needs.
      for (let round = 0; round < count; round++) {
        const { chosen } = chooseBackups(backups, job({ share: percent / 100 }))
        const read = new Set(chosen.map(({ backupId }) => backupId))
        for (const id of read) seen.add(id)
        backups = backups.map((one) =>
          read.has(one.id)
            ? { ...one, marks: { ...NO_MARKS, verification: { outcome: 'verified', at: at(100 + round) } } }
            : one,
        )
      }
      expect(seen.size).toBe(count)
    }),
  )
})

test('what is chosen has an end, and does not depend on the order of the list', () => {
  const many = Array.from({ length: READ_AT_MOST + 5 }, (_, index) =>
    backup(0, undefined, { id: `id-${String(index).padStart(5, '0')}` }),
  )

  const { chosen, of } = chooseBackups(many, job(ALL))

  expect([chosen.length, of]).toEqual([READ_AT_MOST, READ_AT_MOST + 5])
  expect(chooseBackups([...many].reverse(), job(ALL)).chosen).toEqual(chosen)
})

test.each<[string | number, Sample, string]>([
  ['10%', { share: 0.1 }, '10% of the backups'],
  ['100%', ALL, 'all backups'],
  ['3', { backups: 3 }, '3 backups'],
  [1, { backups: 1 }, 'one backup'],
])('%s is a sample, and has words', (text, sample, words) => {
  expect(parseSample(text)).toEqual(sample)
  expect(sampleInWords(sample)).toBe(words)
})

const result = (outcome: VerifiedBackup['outcome'], problem?: string): VerifiedBackup => ({
  ...{ backupId: 'a', destination: 'disk', objects: 0, bytes: 0, outcome },
  ...(problem === undefined ? {} : { problem }),
})

test.each<[string, VerifiedBackup[], string[], string, string | undefined]>([
  ['all intact', [result('verified')], [], 'good', undefined],
  ['one removed meanwhile', [result('verified'), result('gone')], [], 'good', undefined],
  ['one damaged', [result('damaged', 'cut')], [], 'not-good', undefined],
  [
    'one that could not be read',
    [result('verified'), result('not-done', 'No rights.')],
    [],
    'not-good',
    '1 of 2 backups could not be read, a for one: No rights.',
  ],
  ['a destination that could not be listed', [], ['It is away.'], 'not-good', 'It is away.'],
])('%s', (_, backups, problems, outcome, why) => {
  expect(outcomeOfVerification({ backups, problems })).toBe(outcome)
  expect(whyIncomplete({ backups, problems })).toBe(why)
})
