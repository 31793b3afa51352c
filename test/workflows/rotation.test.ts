import { HoldfastError } from '../../core/errors.js'
import { workflowIds } from '../../core/ids.js'
import type { RunProgress } from '../../core/messages.js'
import type { KeyUse, RotationJob } from '../../core/rotation.js'
import type { RotationReport } from '../../core/rotation-steps.js'
import { findRun } from '../../operations/runs.js'
import { pause } from '../fakes/activities.js'
import { testJob, testRun } from '../support/backup-jobs.js'
import { startOwnTemporal, type TestTemporal } from '../support/temporal.js'
import { startTestAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'
import { bundleFromSources } from '../support/workflow-bundle.js'

let temporal: TestTemporal
let agent: TestAgent
let bundle: Awaited<ReturnType<typeof bundleFromSources>>

beforeAll(async () => {
  ;[temporal, bundle] = await Promise.all([startOwnTemporal(), bundleFromSources()])
  agent = await startTestAgent(temporal, bundle)
})

afterAll(async () => {
  await agent?.close()
  await temporal?.stop()
})

const use = (plan: string, changes: Partial<KeyUse> = {}): KeyUse => ({
  ...{ destination: 'disk', place: 'p1', plan, keyId: 'aa', own: 2, others: 0 },
  ...changes,
})
const rotationOf = (from: string): RotationJob => ({
  ...{ site: 'home', from, to: 'new', planHosts: {} },
  hosts: [{ host: TEST_HOST, fromId: 'aa', toId: 'bb' }],
})
const start = (from: string) =>
  agent.client.workflow.start('rotateRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.rotate(from),
    args: [rotationOf(from)],
  })
const resultOf = async (from: string) => (await (await start(from)).result()) as RotationReport
const phaseOf = async (from: string) =>
  (await agent.client.workflow.getHandle(workflowIds.rotate(from)).query<RunProgress>('progress')).phase

test('every plan at every destination is wrapped anew, until a look finds nothing', async () => {
  agent.host.keyUses = [
    use('shop'),
    use('wiki', { own: 3 }),
    use('shop', { destination: 'offsite', place: 'p2' }),
  ]

  const report = await resultOf('all')

  expect(report).toMatchObject({ outcome: 'good', remaining: [], problems: [] })
  expect(report.rewrapped.map(({ plan, destination, backups }) => [plan, destination, backups])).toEqual([
    ['shop', 'disk', 2],
    ['shop', 'offsite', 2],
    ['wiki', 'disk', 3],
  ])
  expect(agent.host.rewraps.at(-1)).toEqual({
    ...{ site: 'home', plan: 'wiki', destination: 'disk' },
    ...{ from: { name: 'all', keyId: 'aa' }, to: { name: 'new', keyId: 'bb' } },
  })
  expect(await findRun(agent.client, workflowIds.rotate('all'))).toMatchObject({
    kind: 'rotate',
    outcome: 'good',
  })
})

test('what is made while it goes on is found by another look', async () => {
  agent.host.keyUses = [use('busy')]
  let rounds = 0
  agent.host.onRewrap.set('busy', async () => {
    agent.host.keyUses = ++rounds < 3 ? [use('busy', { own: 1 })] : []
    return { rewrapped: rounds === 1 ? 2 : 1, left: 0, problems: [] }
  })

  expect(await resultOf('again')).toMatchObject({
    outcome: 'good',
    rewrapped: [{ plan: 'busy', backups: 4 }],
  })
})

test('what cannot be done is named, tried no more, and keeps no other plan from its turn', async () => {
  agent.host.keyUses = [use('bad'), use('worse'), use('fine')]
  const problems = ['x: It is locked.']
  let tries = 0
  agent.host.onRewrap.set('bad', async () => ({ rewrapped: 0, left: 2, problems }))
  agent.host.onRewrap.set('worse', async () => {
    tries++
    throw new HoldfastError('destination.denied', 'No rights.')
  })

  const report = await resultOf('some')

  expect(report).toMatchObject({
    outcome: 'partial',
    rewrapped: [{ plan: 'fine', backups: 2 }],
    remaining: [
      { plan: 'bad', backups: 2, because: problems[0] },
      { plan: 'worse', backups: 2, because: 'No rights.' },
    ],
  })
  expect(tries).toBe(1)
  agent.host.keyUses = []
})

test('hosts that share a destination each do their own plans, and what they alone can see', async () => {
  const other = await startTestAgent(temporal, bundle, { hostName: 'box' })
  try {
    const both = [agent.host, other.host]
    // The same place, which the two call by different names; and one that only the second reaches.
    agent.host.keyUses = [use('shop'), use('wiki')]
    const share = { destination: 'share' }
    const shelf = { destination: 'shelf', place: 'p2', own: 1 }
    other.host.keyUses = [use('shop', share), use('wiki', share), use('shop', shelf)]
    for (const { onRewrap } of both)
      for (const plan of ['shop', 'wiki'])
        onRewrap.set(plan, async ({ destination }) => {
          const place = destination === 'shelf' ? 'p2' : 'p1'
          for (const host of both)
            host.keyUses = host.keyUses.filter((one) => one.plan !== plan || one.place !== place)
          return { rewrapped: place === 'p1' ? 2 : 1, left: 0, problems: [] }
        })
    const before = agent.host.rewraps.length

    const job: RotationJob = {
      ...{ site: 'home', from: 'shared', to: 'new', planHosts: { shop: TEST_HOST, wiki: 'box' } },
      hosts: [TEST_HOST, 'box'].map((host) => ({ host, fromId: 'aa', toId: 'bb' })),
    }
    const report = (await agent.client.workflow.execute('rotateRun', {
      taskQueue: 'orchestrator',
      workflowId: workflowIds.rotate('shared'),
      args: [job],
    })) as RotationReport

    const done = ({ host }: TestAgent, from = 0) =>
      host.rewraps.slice(from).map(({ plan, destination }) => [plan, destination])
    expect(done(agent, before)).toEqual([['shop', 'disk']])
    expect(done(other)).toEqual([
      ['shop', 'shelf'],
      ['wiki', 'share'],
    ])
    expect(report).toMatchObject({ outcome: 'good', remaining: [], problems: [] })
    expect(report.rewrapped.map(({ host, backups }) => [host, backups])).toEqual([
      [TEST_HOST, 2],
      ['box', 1],
      ['box', 2],
    ])
  } finally {
    for (const plan of ['shop', 'wiki']) agent.host.onRewrap.delete(plan)
    await other.close()
  }
})

test('a history is not let grow for ever: another execution goes on, and knows what was tried', async () => {
  const plans = ['p1', 'p2', 'p3', 'p4', 'p5']
  agent.host.keyUses = plans.map((plan) => use(plan))
  let tries = 0
  agent.host.onRewrap.set('p1', async () => {
    tries++
    return { rewrapped: 0, left: 2, problems: ['x: It is locked.'] }
  })

  const workflowId = workflowIds.rotate('long')
  const report = (await agent.client.workflow.execute('rotateRun', {
    taskQueue: 'orchestrator',
    workflowId,
    args: [{ ...rotationOf('long'), plansByOneExecution: 2 }],
  })) as RotationReport

  expect(report).toMatchObject({ outcome: 'partial', remaining: [{ plan: 'p1', backups: 2 }] })
  expect(report.rewrapped.map(({ plan }) => plan)).toEqual(['p2', 'p3', 'p4', 'p5'])
  expect(tries).toBe(1)
  const executions = async () => {
    const statuses: string[] = []
    for await (const { status } of agent.client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
      statuses.push(status.name)
    return statuses.length === 3 ? statuses : undefined
  }
  // What is listed comes a moment later than what is.
  expect((await until('three executions', executions)).sort()).toEqual([
    'COMPLETED',
    'CONTINUED_AS_NEW',
    'CONTINUED_AS_NEW',
  ])
  agent.host.keyUses = []
})

test('a run that still encrypts for the old key is waited for, and its backup is found', async () => {
  const job = { ...testJob('slow'), encryption: { keys: ['waited', 'recovery'] } }
  let isReading = false
  let mayEnd = false
  agent.host.onCapture.set('slow-live', async (_, signal) => {
    isReading = true
    await until('it may end', () => mayEnd, 30_000).finally(() => signal.throwIfAborted())
    agent.host.keyUses = [use('slow', { own: 1 })]
  })
  const backup = await agent.client.workflow.start('backupRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.backup('slow', '20261120-013000-slow-abcdef'),
    args: [testRun(job, { backupId: '20261120-013000-slow-abcdef' })],
  })
  await until('it reads', () => isReading)

  const rotation = await start('waited')
  await until('it waits', async () => (await phaseOf('waited').catch(() => undefined)) === 'waiting')
  mayEnd = true

  await backup.result()
  expect(await rotation.result()).toMatchObject({
    outcome: 'good',
    rewrapped: [{ plan: 'slow', backups: 1 }],
  })
})

test('a backup waits while its plan is wrapped anew', async () => {
  agent.host.keyUses = [use('locked')]
  let isRewrapping = false
  agent.host.onRewrap.set('locked', async (_, signal) => {
    isRewrapping = true
    await pause(2000, signal)
    isRewrapping = false
    agent.host.keyUses = []
    return { rewrapped: 2, left: 0, problems: [] }
  })
  const seen: boolean[] = []
  agent.host.onCapture.set('locked-live', async () => void seen.push(isRewrapping))
  const rotation = await start('lock')
  await until('it rewraps', () => isRewrapping)

  await agent.client.workflow.execute('backupRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.backup('locked', '20261120-013000-locked-abcdef'),
    args: [testRun(testJob('locked'), { backupId: '20261120-013000-locked-abcdef' })],
  })

  expect(seen).toEqual([false])
  expect(await rotation.result()).toMatchObject({ outcome: 'good' })
})

test('workers that go away in the middle are no end of it: others carry on', async () => {
  agent.host.keyUses = [use('left'), use('more')]
  let isRewrapping = false
  agent.host.onRewrap.set('left', async (_, signal) => {
    isRewrapping = true
    await pause(60_000, signal)
    return { rewrapped: 0, left: 0, problems: [] }
  })
  const rotation = await start('carried')
  await until('it rewraps', () => isRewrapping)

  await agent.close()
  agent = await startTestAgent(temporal, bundle)
  agent.host.keyUses = [use('left', { own: 1 }), use('more')]

  const handle = agent.client.workflow.getHandle(rotation.workflowId)
  expect(await handle.result()).toMatchObject({
    ...{ outcome: 'good', remaining: [] },
    rewrapped: [
      { plan: 'left', backups: 2 },
      { plan: 'more', backups: 2 },
    ],
  })
})
