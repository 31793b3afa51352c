import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { scheduleId } from '../../core/ids.js'
import { applyPlan, applyPlans, diffPlans, pausePlan, removePlan } from '../../operations/apply.js'
import { planNamed } from '../../operations/plans.js'
import { pauseSchedule, readSchedules } from '../../operations/schedules.js'
import type { Session } from '../../operations/session.js'
import { startTemporal, type TestTemporal } from '../support/temporal.js'
import { until } from '../support/until.js'
import { openSession } from './support.js'

let temporal: TestTemporal
let folder: string
let session: Session & { close(): Promise<void> }
let count = 0

beforeAll(async () => {
  temporal = await startTemporal()
})

afterAll(async () => {
  await temporal.stop()
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-schedules-'))
  await mkdir(join(folder, 'plans'), { mode: 0o700 })
  session = await openSession(temporal, {
    // A site of its own for each test: they share a server.
    site: `site-${process.pid}-${++count}`,
    configFile: join(folder, 'holdfast.yaml'),
  })
})

afterEach(async () => {
  await session.close()
  await rm(folder, { recursive: true })
})

const writePlan = (plan: string, changes: Record<string, unknown> = {}) =>
  writeFile(
    join(folder, 'plans', `${plan}.yaml`),
    stringify({
      version: 1,
      plan,
      schedule: { cron: '30 4 * * 1', timezone: 'Europe/Berlin' },
      sources: { data: { type: 'files', paths: ['/data'] } },
      destinations: ['disk'],
      ...changes,
    }),
    { mode: 0o600 },
  )
const kinds = (changes: readonly { plan: string; kind: string }[]) =>
  Object.fromEntries(changes.map(({ plan, kind }) => [plan, kind]))
const read = (...plans: string[]) =>
  readSchedules(
    session.client,
    session.site.site,
    plans.map((plan) => scheduleId(session.site.site, plan)),
  )
const describe_ = (plan: string) =>
  session.client.schedule.getHandle(scheduleId(session.site.site, plan)).describe()

test('what a change means is told from what is running, in the sentences of the plan', async () => {
  const held = { hold: { services: ['docker:web'], maxDowntime: '2m' } }
  await writePlan('shop', held)
  await applyPlans(session)
  expect(await diffPlans(session)).toMatchObject([{ kind: 'keep' }])
  await writePlan('shop', { hold: { ...held.hold, maxDowntime: '3m' } })

  expect(await diffPlans(session)).toMatchObject([
    {
      kind: 'change',
      differences: [
        {
          before: [expect.stringContaining('for 2 minutes at most')],
          after: [expect.stringContaining('for 3 minutes at most')],
        },
      ],
    },
  ])
})

test('a plan is applied as Temporal means it: cron in its zone, skip, catch-up, the run that a schedule starts', async () => {
  await writePlan('shop', {
    schedule: { cron: '30 4 * * 1', timezone: 'Europe/Berlin', jitter: '5m', catchUp: '2h' },
  })

  await applyPlans(session)

  const { spec, policies, action, info } = await describe_('shop')
  expect(spec).toMatchObject({ timezone: 'Europe/Berlin', jitter: 300_000 })
  expect(policies).toEqual({ overlap: 'SKIP', catchupWindow: 7_200_000, pauseOnFailure: false })
  expect(action).toMatchObject({
    workflowType: 'backupRun',
    workflowId: 'backup/shop',
    taskQueue: 'orchestrator',
  })
  expect(action.args?.[0]).toMatchObject({
    startedBy: 'schedule',
    job: { plan: 'shop', site: session.site.site },
  })
  const next = info.nextActionTimes[0]!
  const inBerlin = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Berlin',
    weekday: 'short',
    timeStyle: undefined,
    hour: '2-digit',
    minute: '2-digit',
  })
  expect(inBerlin.format(new Date(next.getTime() - (next.getTime() % 60_000)))).toMatch(/^Mon.* 04:3\d$/)
})

test('what is applied once is left alone the second time, and what changed is changed', async () => {
  await writePlan('shop')
  await writePlan('home', { schedule: { every: '24h' } })

  const first = kinds(await applyPlans(session))
  const second = kinds(await applyPlans(session))
  await writePlan('shop', { schedule: { cron: '0 5 * * *' } })
  const before = kinds(await diffPlans(session))
  const third = kinds(await applyPlans(session))

  expect(first).toEqual({ shop: 'create', home: 'create' })
  expect(second).toEqual({ shop: 'keep', home: 'keep' })
  expect(before).toEqual({ shop: 'change', home: 'keep' })
  expect(third).toEqual(before)
  expect(kinds(await diffPlans(session))).toEqual({ shop: 'keep', home: 'keep' })
  expect((await describe_('home')).spec.intervals).toMatchObject([{ every: 86_400_000 }])
})

test('a plan that is gone loses its schedule; another site keeps its own', async () => {
  await writePlan('shop')
  await writePlan('home')
  const other = await openSession(temporal, { ...session.site, site: `${session.site.site}-other` })
  await applyPlans(session)
  await applyPlans(other)
  await rm(join(folder, 'plans', 'shop.yaml'))

  // Lists lag behind what was created.
  await until('the schedules are listed', async () => (await read()).length === 2)
  const changes = kinds(await applyPlans(session))

  expect(changes).toMatchObject({ shop: 'remove' })
  await until('only the other plan is listed', async () => (await read()).length === 1)
  expect(
    await readSchedules(other.client, other.site.site, [scheduleId(other.site.site, 'shop')]),
  ).toContainEqual(expect.objectContaining({ plan: 'shop' }))
  await other.close()
})

test('nothing is removed when there is no plan at all: their folder may only not be there', async () => {
  await writePlan('shop')
  await applyPlans(session)
  await until('the schedule is listed', async () => (await read()).length === 1)
  await rm(join(folder, 'plans'), { recursive: true })

  await expect(applyPlans(session)).rejects.toMatchObject({
    code: 'plan.not-found',
    message: expect.stringContaining('shop') as string,
  })
  expect(await read('shop')).toHaveLength(1)
})

test('nothing is removed while any plan has a mistake: its schedule would look like one that nobody wants', async () => {
  await writePlan('shop')
  await applyPlans(session)
  await writePlan('shop', { schedul: {} })

  await expect(applyPlans(session)).rejects.toMatchObject({ code: 'plan.invalid' })

  expect(await read('shop')).toHaveLength(1)
})

test('what a person paused stays paused through a change, with the note, until they resume it', async () => {
  await writePlan('shop')
  await applyPlans(session)
  const schedule = { scheduleId: scheduleId(session.site.site, 'shop'), plan: 'shop' }

  await pauseSchedule(session.client, schedule, { to: 'paused', note: 'moving' })
  await writePlan('shop', { schedule: { cron: '0 5 * * *' } })
  await applyPlans(session)
  const paused = await read('shop')
  await pauseSchedule(session.client, schedule, { to: 'running', note: 'moved' })
  const resumed = await read('shop')

  expect(paused).toMatchObject([{ paused: true, note: 'moving' }])
  expect(paused[0]).not.toHaveProperty('nextRunAt')
  expect(resumed).toMatchObject([{ paused: false, note: 'moved', nextRunAt: expect.any(String) as string }])
})

test('a plan that says so is created paused', async () => {
  await writePlan('shop', { schedule: { cron: '0 5 * * *', paused: true } })

  await applyPlans(session)

  expect(await read('shop')).toMatchObject([{ paused: true }])
})

test('one plan can be applied without the others, and its schedule be removed', async () => {
  await writePlan('shop')
  await writePlan('home')

  const [change] = await applyPlan(session, await planNamed(session.site, 'shop'))
  await removePlan(session, 'shop')

  expect(change).toMatchObject({ plan: 'shop', kind: 'create' })
  expect(await read('shop', 'home')).toEqual([])
  await expect(removePlan(session, 'shop')).rejects.toMatchObject({ code: 'schedule.not-found' })
})

test('verifications have a schedule of their own, which comes, pauses and goes with the plan', async () => {
  const verification = { schedule: { cron: '0 6 * * 0' }, sample: '10%' }
  await writePlan('shop', { verification })
  const id = scheduleId(session.site.site, 'shop', 'verify')
  const both = async () => {
    const found = await readSchedules(session.client, session.site.site, [id])
    return found.map(({ work, paused }) => [work, paused])
  }

  const applied = await applyPlans(session)
  const described = await session.client.schedule.getHandle(id).describe()
  const again = await applyPlans(session)
  await pausePlan(session, 'shop', { to: 'paused', note: 'moving' })
  const paused = await both()
  await writePlan('shop')
  await applyPlans(session)
  const left = await both()
  await removePlan(session, 'shop')

  expect(applied.map(({ work, kind }) => [work, kind])).toEqual([
    ['backup', 'create'],
    ['verify', 'create'],
  ])
  expect(described.action).toMatchObject({
    workflowType: 'verifyPlanRun',
    args: [{ job: { plan: 'shop', destinations: ['disk'], sample: { share: 0.1 } } }],
  })
  expect(again.map(({ kind }) => kind)).toEqual(['keep', 'keep'])
  expect(paused).toEqual([
    ['backup', true],
    ['verify', true],
  ])
  expect(left).toEqual([['backup', true]])
  expect(await both()).toEqual([])
})

test('pausing a schedule that does not exist says what to do', async () => {
  const schedule = { scheduleId: scheduleId(session.site.site, 'none'), plan: 'none' }

  await expect(pauseSchedule(session.client, schedule, { to: 'paused', note: 'x' })).rejects.toMatchObject({
    code: 'schedule.not-found',
    hint: expect.stringContaining('plan apply') as string,
  })
})

test('a schedule that another version rendered is written anew', async () => {
  await writePlan('shop')
  await applyPlans(session)
  const handle = session.client.schedule.getHandle(scheduleId(session.site.site, 'shop'))
  await handle.update(({ spec: _, ...previous }) => ({
    ...previous,
    spec: { intervals: [{ every: '1h' }] },
    action: { type: 'startWorkflow', workflowType: 'backupRun', taskQueue: 'orchestrator', args: [] },
  }))

  expect(kinds(await applyPlans(session))).toEqual({ shop: 'change' })
})
