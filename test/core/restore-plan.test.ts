import type { Item } from '../../core/backup.js'
import type { HoldSpec } from '../../core/job.js'
import { restoreHold, selectItems } from '../../core/restore-plan.js'
import type { RestoreRequest } from '../../core/work/restore.js'

const hold = (changes: Partial<HoldSpec>): HoldSpec => ({
  services: ['docker:web'],
  mode: 'pause',
  maxDowntimeMs: 1,
  stopTimeoutMs: 1,
  onInconsistent: 'keep',
  healthyWithinMs: 1,
  ...changes,
})
const item = (source: string, type: Item['type'], held?: HoldSpec) =>
  ({ source, type, ...(held ? { hold: held } : {}) }) as unknown as Item
const request = (changes: Partial<RestoreRequest>): RestoreRequest => ({
  reference: { backupId: '2026' },
  ...changes,
})
const items = [item('uploads', 'files', hold({})), item('orders', 'postgres'), item('sessions', 'sqlite')]

describe('what is restored', () => {
  test.each<[string, Partial<RestoreRequest>, string[]]>([
    ['everything', {}, ['uploads', 'orders', 'sessions']],
    ['what is named', { sources: ['orders'] }, ['orders']],
    ['files to a folder', { sources: ['uploads', 'sessions'], to: '/x' }, ['uploads', 'sessions']],
    ['a database to another', { sources: ['orders'], database: 'x' }, ['orders']],
    ['all elsewhere', { to: '/x', database: 'x' }, ['uploads', 'orders', 'sessions']],
    ['some files', { sources: ['uploads'], include: ['*.png'] }, ['uploads']],
  ])('%s', (_, changes, selected) => {
    expect(selectItems(items, request(changes)).map(({ source }) => source)).toEqual(selected)
  })

  test.each<[string, Partial<RestoreRequest>, string]>([
    ['a source that is not there', { sources: ['upload'] }, 'no source "upload"'],
    ['a folder, when a database would be replaced in place', { to: '/x' }, 'database "orders" should go'],
    [
      'a database, when files would be replaced in place',
      { database: 'x' },
      'sources "uploads", "sessions" should go',
    ],
    ['a database for files', { sources: ['uploads'], database: 'x', to: '/x' }, 'no source is one'],
    ['all but some files', { sources: ['uploads'], include: ['*.png', '!x.png'] }, '`--include "!x.png"`'],
    ['some files of a database', { include: ['*.png'] }, 'of the database "orders"'],
  ])('is not guessed: %s', (_, changes, message) => {
    expect(() => selectItems(items, request(changes))).toThrow(
      expect.objectContaining({
        code: 'flag.invalid',
        message: expect.stringContaining(message) as string,
      }) as Error,
    )
  })

  test('one name for two databases is refused', () => {
    const two = [item('a', 'postgres'), item('b', 'postgres')]

    expect(() => selectItems(two, request({ database: 'x' }))).toThrow('there are 2: a, b')
  })
})

describe('what stands still meanwhile', () => {
  test('nothing, for what is live or goes elsewhere', () => {
    expect(restoreHold([item('orders', 'postgres')], request({}))).toBeUndefined()
    expect(restoreHold([item('uploads', 'files', hold({}))], request({ to: '/x' }))).toBeUndefined()
    expect(restoreHold([item('orders', 'postgres', hold({}))], request({ database: 'x' }))).toBeUndefined()
  })

  test('the services of all holds in their order, with the largest of their limits', () => {
    const one = item(
      'a',
      'files',
      hold({ services: ['docker:web', 'docker:db'], maxDowntimeMs: 9, healthyWithinMs: 2 }),
    )
    const other = item(
      'b',
      'files',
      hold({ services: ['docker:worker', 'docker:db'], mode: 'stop', stopTimeoutMs: 7 }),
    )

    expect(restoreHold([one, other], request({}))).toEqual({
      services: ['docker:web', 'docker:db', 'docker:worker'],
      mode: 'stop',
      maxDowntimeMs: 9,
      stopTimeoutMs: 7,
      onInconsistent: 'keep',
      healthyWithinMs: 2,
    })
  })
})
