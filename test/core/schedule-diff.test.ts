import fc from 'fast-check'
import { diffSchedules, type ExistingSchedule, type WantedSchedule } from '../../core/schedule-diff.js'

const wanted = (plan: string, hash = 'a', paused = false): WantedSchedule => ({
  scheduleId: `home/backup/${plan}`,
  plan,
  work: 'backup',
  hash,
  schedule: { cron: '0 5 * * *', timezone: 'UTC', jitterMs: 0, catchUpMs: 0, paused },
})
const existing = (plan: string, hash: string | undefined, paused = false): ExistingSchedule => ({
  scheduleId: `home/backup/${plan}`,
  plan,
  work: 'backup',
  paused,
  ...(hash === undefined ? {} : { hash }),
})

test.each([
  ['what is new is created', [wanted('a')], [], 'create', false, 'new'],
  [
    'what is new and paused by its plan is created paused',
    [wanted('a', 'a', true)],
    [],
    'create',
    true,
    'new, and paused by its plan',
  ],
  ['what is equal is kept', [wanted('a')], [existing('a', 'a')], 'keep', false, 'as its plan says'],
  [
    'what is equal and paused by a person stays paused',
    [wanted('a')],
    [existing('a', 'a', true)],
    'keep',
    true,
    'as its plan says, and paused',
  ],
  [
    'what is equal and resumed by a person stays resumed',
    [wanted('a', 'a', true)],
    [existing('a', 'a')],
    'keep',
    false,
    'as its plan says',
  ],
  ['what differs is changed', [wanted('a')], [existing('a', 'b')], 'change', false, 'its plan changed'],
  [
    'what differs and is paused stays paused',
    [wanted('a')],
    [existing('a', 'b', true)],
    'change',
    true,
    'its plan changed; it stays paused',
  ],
  [
    'what differs and is paused by its plan becomes paused',
    [wanted('a', 'a', true)],
    [existing('a', 'b')],
    'change',
    true,
    'its plan changed; its plan pauses it',
  ],
  [
    'what has no hash is changed',
    [wanted('a')],
    [existing('a', undefined)],
    'change',
    false,
    'made by another version',
  ],
  ['what nobody wants is removed', [], [existing('a', 'a')], 'remove', false, 'no plan wants it any more'],
] as const)('%s', (_, plans, schedules, kind, paused, reason) => {
  expect(diffSchedules(plans, schedules)).toMatchObject([{ kind, plan: 'a', paused, reason }])
})

function nextOf<T>(stream: Iterator<T>): T {
  const next = stream.next() as IteratorYieldResult<T>
  return next.value
}

test('after the changes are made there is nothing left to do, and no pause is lost', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'))
  const hash = fc.constantFrom('x', 'y')
  fc.assert(
    fc.property(
      names,
      names,
      fc.infiniteStream(hash),
      fc.infiniteStream(fc.boolean()),
      (want, have, hashes, pauses) => {
        const wants = want.map((plan) => wanted(plan, nextOf(hashes), nextOf(pauses)))
        const haves = have.map((plan) => existing(plan, nextOf(hashes), nextOf(pauses)))

        const changes = diffSchedules(wants, haves)
        const after = changes.flatMap((change) =>
          change.kind === 'remove' ? [] : [{ ...change.wanted, paused: change.paused }],
        )

        expect(diffSchedules(wants, after).every(({ kind }) => kind === 'keep')).toBe(true)
        expect(new Set(after.map(({ plan }) => plan))).toEqual(new Set(want))
        for (const { plan, paused } of haves) {
          if (paused && want.some((name) => name === plan))
            expect(after.find((schedule) => schedule.plan === plan)?.paused).toBe(true)
        }
      },
    ),
  )
})

test('two plans for one schedule are a mistake of ours', () => {
  expect(() => diffSchedules([wanted('a'), wanted('a')], [])).toThrow('Impossible')
})
