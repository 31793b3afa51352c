import { join } from 'node:path'
import type { CompiledPlan } from '../../plan/compile.js'
import { watchFreshness } from '../../worker/freshness.js'
import { HoldfastError } from '../../core/errors.js'
import { storeBackup } from '../fakes/backups.js'
import { fakeSite } from '../fakes/site.js'
import { fakeTools } from '../fakes/tools.js'
import { testJob } from '../support/backup-jobs.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const HOUR = 3_600_000
const folder = temporaryFolder()
let worlds = 0

function world(changes: Partial<CompiledPlan> = {}) {
  const tools = fakeTools({ site: fakeSite({ stateDir: join(folder(), String(worlds++)) }) })
  const { world: seen } = tools
  const plan: CompiledPlan = {
    ...{ name: 'shop', file: 'shop.yaml', host: 'nas', unheld: [], isSpooled: false },
    ...{ job: testJob('shop'), freshnessMs: 26 * HOUR, ...changes },
  }
  const alarms = {
    ...tools.alarms,
    open: async () => [...seen.alarms.keys()].map((cause) => ({ cause }) as never),
  }
  // Several looks of one watch: what it remembers is its own.
  const look = async (...before: (() => void)[]) => {
    const stopping = new AbortController()
    let looks = 0
    const plans = async () => {
      before[looks++]?.()
      if (looks > before.length) stopping.abort()
      return { plans: [plan], areAllRead: true }
    }
    await watchFreshness({ ...tools, alarms }, { plans, everyMs: 1, signal: stopping.signal })
    return seen.alarms.get('freshness/shop')
  }
  return {
    tools,
    disk: seen.destinations['disk']!,
    seen,
    look,
    later: (hours: number) => () => void (seen.now = new Date(seen.now.getTime() + hours * HOUR)),
  }
}
const now = () => undefined

test('a plan that never had a backup alarms when its first one is late, also when nothing ever ran', async () => {
  const { look, later } = world()

  expect(await look(now)).toBeUndefined()
  expect(await look(later(26))).toBeUndefined()
  expect(await look(later(1))).toContain('There is no good backup of shop')
})

test('a plan whose backups are gone alarms at once', async () => {
  const { disk, look, later } = world()
  storeBackup(disk, { at: '2026-03-05T11:00:00.000Z' })
  await look(now)
  disk.objects.clear()

  expect(await look(later(30))).toContain('There is no good backup of shop')
})

test('a fresh backup is fine until it is too old, and the next good one resolves the alarm', async () => {
  const { disk, seen, look, later } = world()
  storeBackup(disk, { at: '2026-03-05T11:00:00.000Z' })

  expect(await look(now)).toBeUndefined()
  expect(await look(later(26))).toContain('is 1d 3h old')
  storeBackup(disk, { at: seen.now.toISOString() })
  expect(await look(now)).toBeUndefined()
})

test('what is not good is not fresh', async () => {
  const { disk, look, later } = world()
  storeBackup(disk, { at: '2026-03-05T11:00:00.000Z', subsetOf: ['uploads'] })
  storeBackup(disk, { at: '2026-03-05T10:00:00.000Z', site: 'away' })

  expect(await look(now, later(27))).toContain('There is no good backup')
})

test('a destination that is away for a moment alarms nobody; one that was never seen does', async () => {
  const { disk, look, later } = world()
  storeBackup(disk, { at: '2026-03-05T11:00:00.000Z' })
  const away = () =>
    void (disk.failOn = () => new HoldfastError('destination.unavailable', 'The disk is away.'))

  expect(await look(now, away)).toBeUndefined()
  expect(await look(now)).toContain('cannot be seen: Destination "disk": The disk is away.')
  disk.failOn = undefined
  expect(await look(now, away, later(30))).toContain('is 1d 7h old')
})

test.each([
  ['wants no freshness any more', { freshnessMs: undefined }],
  ['has another host', { host: 'vps' }],
])('the alarm of a plan that %s is resolved', async (_, changes) => {
  const { seen, look } = world(changes)
  seen.alarms.set('freshness/shop', 'too old')
  seen.alarms.set('other/shop', 'stays')

  expect(await look(now)).toBeUndefined()
  expect([...seen.alarms.keys()]).toEqual(['other/shop'])
})
