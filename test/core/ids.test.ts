import fc from 'fast-check'
import {
  backupFolder,
  backupIdOf,
  compactTime,
  manifestName,
  objectPrefix,
  parseBackupId,
  runObjectName,
  scheduleId,
  workflowIds,
} from '../../core/ids.js'

const takenAt = new Date('2026-11-20T01:30:00.750Z')
const backupId = backupIdOf(takenAt, 'shop', '7f3a2c')

test('an id reads as time, plan and random digits', () => {
  expect(backupId).toBe('20261120-013000-shop-7f3a2c')
  expect(parseBackupId(backupId)).toEqual({ takenAt: new Date('2026-11-20T01:30:00Z'), plan: 'shop' })
})

test('every id can be read back, whatever the plan is called, and ids sort as times do', () => {
  const plan = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/)
  const seconds = fc.integer({ min: 0, max: Date.UTC(2100, 0) / 1000 })
  const random = fc.stringMatching(/^[0-9a-f]{6}$/)
  fc.assert(
    fc.property(plan, seconds, seconds, random, (name, first, second, digits) => {
      const [a, b] = [first, second].map((at) => backupIdOf(new Date(at * 1000), name, digits)) as [
        string,
        string,
      ]

      expect(parseBackupId(a)).toEqual({ takenAt: new Date(first * 1000), plan: name })
      if (first !== second) expect(a < b).toBe(first < second)
    }),
  )
})

test.each([
  '',
  'shop',
  '20261120-013000-shop',
  '20261320-013000-shop-7f3a2c',
  '20261120-013000-Shop-7f3a2c',
  '20261120-013000-shop-7F3A2C',
])('"%s" is no id', (text) => {
  expect(parseBackupId(text)).toBeUndefined()
})

test('names at a destination', () => {
  expect(backupFolder('shop', backupId)).toBe(`plans/shop/${backupId}/`)
  expect(manifestName('shop', backupId)).toBe(`plans/shop/${backupId}/manifest.json`)
  expect(runObjectName('shop', backupId)).toBe(`plans/shop/${backupId}/run.json`)
  expect(compactTime(takenAt)).toBe('20261120_013000')
})

test.each([
  [{ source: 'orders', takenAt, attempt: 1 }, 'orders_20261120_013000'],
  [{ source: 'orders', takenAt, attempt: 2 }, 'orders_20261120_013000.a2'],
  [{ source: 'orders', takenAt, attempt: 1, part: 'shop' }, 'orders.shop_20261120_013000'],
])('the prefix of the objects of %j is %s', (name, expected) => {
  expect(objectPrefix(name)).toBe(expected)
})

test('workflows and schedules of different things never share an id', () => {
  const ids = [
    workflowIds.backup('a', backupId),
    workflowIds.scheduledBackup('a'),
    workflowIds.retention('a'),
    workflowIds.guard('nas', 'docker:a'),
    workflowIds.planLock('a'),
    workflowIds.capturePlaces('a'),
    workflowIds.question('a'),
    workflowIds.restore('a'),
    workflowIds.verify('a'),
    scheduleId('home', 'a'),
  ]

  expect(new Set(ids).size).toBe(ids.length)
})
