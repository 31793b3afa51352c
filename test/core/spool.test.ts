import fc from 'fast-check'
import { decideRepeat, decideRoute, isSpooled, spoolRoom } from '../../core/spool.js'

const GiB = 2 ** 30

test.each([
  ['a folder of the host', { type: 'local', path: '/b' }, false],
  ['a network mount that says so', { type: 'local', path: '/b', spool: true }, true],
  [
    'a bucket',
    { type: 's3', bucket: 'shop', accessKeyId: { env: 'A' }, secretAccessKey: { env: 'B' } },
    true,
  ],
  [
    'a bucket nearby that says so',
    { type: 's3', bucket: 'shop', accessKeyId: { env: 'A' }, secretAccessKey: { env: 'B' }, spool: false },
    false,
  ],
] as const)('%s', (_, destination, expected) => {
  expect(isSpooled(destination)).toBe(expected)
})

test.each([
  ['is what the disk has beyond the reserve', { freeBytes: 10 * GiB, usedBytes: 0 }, 8 * GiB],
  ['is what others left of the limit', { freeBytes: 99 * GiB, usedBytes: GiB, limitBytes: 3 * GiB }, 2 * GiB],
  ['is nothing on a disk that is nearly full', { freeBytes: GiB, usedBytes: 0 }, 0],
])('the room %s', (_, space, expected) => {
  expect(spoolRoom({ reserveBytes: 2 * GiB, ...space })).toBe(expected)
})

const question = { destination: 'offsite', wantsSpool: true, roomBytes: 10 * GiB }

test.each([
  ['goes through the spool with room to grow', { expectedBytes: 8 * GiB }, 'spool'],
  ['goes straight where growth would not fit', { expectedBytes: 8.1 * GiB }, 'direct'],
  ['tries the spool at the first backup, whose size nobody knows', {}, 'spool'],
  ['goes straight without any room', { roomBytes: 0 }, 'direct'],
  ['goes straight to a destination that is near', { wantsSpool: false }, 'direct'],
])('a set %s', (_, changes, expected) => {
  expect(decideRoute({ ...question, ...changes }).route).toBe(expected)
})

test('without room for the spool, the warning says what that means, and what to do', () => {
  const { warning } = decideRoute({ ...question, expectedBytes: 20 * GiB })

  expect(warning).toBe(
    'The spool has room for 10 GiB, and the last backup took 20 GiB: the services stay down until "offsite" has everything. Raise limits.spool, or make room on the disk of stateDir.',
  )
  expect(decideRoute({ ...question, wantsSpool: false })).toEqual({ route: 'direct' })
})

test.each([
  [
    'a spool that was full costs no attempt',
    { codes: ['spool.full'], isRetryable: false, attemptsLeft: 0 },
    'direct',
  ],
  [
    'nor does one whose disk failed',
    { codes: ['spool.failed'], isRetryable: true, attemptsLeft: 0 },
    'direct',
  ],
  [
    'a worker that died is tried again by the spool',
    { codes: ['spool.lost'], isRetryable: true, attemptsLeft: 1 },
    'spool',
  ],
  ['until no attempt is left', { codes: ['spool.lost'], isRetryable: true, attemptsLeft: 0 }, undefined],
  ['what is not retryable is not repeated', { codes: [], isRetryable: false, attemptsLeft: 2 }, undefined],
] as const)('%s', (_, lost, expected) => {
  expect(decideRepeat({ route: 'spool', ...lost })?.route).toBe(expected)
})

test('however a set fails, it is read at most once more than the plan says', () => {
  const code = fc.constantFrom('spool.full', 'spool.failed', 'spool.lost', 'source.failed', 'source.denied')
  const failures = fc.array(fc.record({ code, isRetryable: fc.boolean() }), { minLength: 30, maxLength: 30 })
  fc.assert(
    fc.property(failures, fc.integer({ min: 1, max: 10 }), (failing, attempts) => {
      let route: 'spool' | 'direct' = 'spool'
      let attemptsLeft = attempts
      let reads = 0
      for (const failure of failing) {
        reads++
        attemptsLeft--
        const repeat = decideRepeat({
          codes: [failure.code],
          isRetryable: failure.isRetryable,
          route,
          attemptsLeft,
        })
        if (repeat === undefined) break
        // Once direct, always direct.
        expect(route === 'direct' && repeat.route === 'spool').toBe(false)
        route = repeat.route
        if (!repeat.counts) attemptsLeft++
      }
      expect(reads).toBeLessThanOrEqual(attempts + 1)
    }),
  )
})
