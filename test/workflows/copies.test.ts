import { HoldfastError } from '../../core/errors.js'
import { workflowIds } from '../../core/ids.js'
import type { BackupJob } from '../../core/job.js'
import type { RunProgress } from '../../core/messages.js'
import type { BackupRunResult, ReplicateRunResult } from '../../core/work/runs.js'
import { missingCopiesOf } from '../../operations/follow.js'
import { findRun } from '../../operations/runs.js'
import { hang, pause } from '../fakes/activities.js'
import { testHold, testJob, testRun } from '../support/backup-jobs.js'
import { startOwnAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'

let agent: TestAgent

beforeAll(async () => {
  agent = await startOwnAgent()
})

afterAll(() => agent?.close())

/** A plan that holds a service of its own, and is copied to `<plan>-b` and `<plan>-c`. */
function world(plan: string, changes: Partial<BackupJob> = {}) {
  const name = `command:${plan}`
  const service = agent.host.add(name)
  const destinations = ['disk', `${plan}-b`, `${plan}-c`]
  return { service, job: testJob(plan, testHold({ services: [name] }), { destinations, ...changes }) }
}

async function start(job: BackupJob) {
  const backupId = `20261120-013000-${job.plan}-abcdef`
  return agent.client.workflow.start('backupRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.backup(job.plan, backupId),
    args: [testRun(job, { backupId })],
  })
}
const resultOf = async (job: BackupJob) => (await (await start(job)).result()) as BackupRunResult
const away = async () => {
  throw new HoldfastError('destination.not-mounted', 'It has lost its marker.')
}

test('copies are made when the services are back and the backup is published, by the rules of each destination', async () => {
  const retentionAt = { 'order-c': { keepMonthly: 36, minimum: 1 } }
  const { job, service } = world('order', { retentionAt })
  const seen: { events: number; published: boolean }[] = []
  agent.host.onReplicate.set('order-b', async () => {
    const published = agent.host.published.some((input) => input.job.plan === 'order')
    seen.push({ events: service.events.length, published })
    return {}
  })

  const result = await resultOf(job)

  expect(seen).toEqual([{ events: 2, published: true }])
  expect(result).toMatchObject({ outcome: 'good', copies: 'complete' })
  expect(result.copiesAt).toMatchObject([
    { destination: 'order-b', copied: [result.backupId], retention: { expired: [] } },
    { destination: 'order-c', copied: [result.backupId], retention: { expired: [] } },
  ])
  const inputs = agent.host.replications.filter(({ plan }) => plan === 'order')
  expect(inputs.map(({ from, to, backupId, rules }) => [from, to, backupId, rules])).toEqual(
    expect.arrayContaining([
      ['disk', 'order-b', result.backupId, job.retention],
      ['disk', 'order-c', result.backupId, retentionAt['order-c']],
    ]),
  )
})

test('one destination that fails makes the run partial, with an alarm, and does not keep the other from its copy', async () => {
  const { job } = world('partial')
  agent.host.onReplicate.set('partial-b', away)

  const result = await resultOf(job)

  expect(result).toMatchObject({ outcome: 'partial', data: 'complete', copies: 'partial' })
  expect(result.copiesAt).toMatchObject([
    { destination: 'partial-b', problem: 'It has lost its marker.', retention: { expired: [] } },
    { destination: 'partial-c', copied: [result.backupId] },
  ])
  expect(result.copiesAt?.[0]?.retention?.note).toContain('missing')
  expect(agent.host.alarms.get('copies/partial/partial-b')?.summary).toContain('lost its marker')
  expect(agent.host.alarms.has('copies/partial/partial-c')).toBe(false)
  const run = await findRun(agent.client, result.backupId)
  expect(run.outcome).toBe('partial')
  expect(await missingCopiesOf(agent.client, run)).toMatchObject([{ destination: 'partial-b' }])
})

test('a single backup that cannot be copied makes the run partial, too; others that are left are only said', async () => {
  const { job } = world('damaged-copy')
  const failed = [{ backupId: 'x', problem: 'a.tar is not as it was recorded.' }]
  agent.host.onReplicate.set('damaged-copy-b', async () => ({ failed }))
  agent.host.onReplicate.set('damaged-copy-c', async () => ({ left: 3 }))

  const result = await resultOf(job)

  expect(result).toMatchObject({ outcome: 'partial', copiesAt: [{ failed }, { left: 3 }] })
  expect(result.warnings?.[0]).toContain('3 more backups have no copy at "damaged-copy-c"')
})

test('copies that are missing are made by a run of their own, which ends the alarm', async () => {
  const { job } = world('mended')
  agent.host.onReplicate.set('mended-b', away)
  await resultOf(job)
  expect(agent.host.alarms.has('copies/mended/mended-b')).toBe(true)
  agent.host.onReplicate.delete('mended-b')

  const copies = [
    { ...{ plan: 'mended', site: 'home', from: 'disk', to: 'mended-b', timezone: 'UTC', othersAtMost: 10 } },
  ]
  const result = (await agent.client.workflow.execute('replicateRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.replicate('mended'),
    args: [{ host: TEST_HOST, plan: 'mended', site: 'home', copies }],
  })) as ReplicateRunResult

  expect(result).toMatchObject({ outcome: 'good', copies: [{ destination: 'mended-b' }] })
  expect(agent.host.alarms.has('copies/mended/mended-b')).toBe(false)
})

test('the limit of the run does not count for its copies', async () => {
  const { job } = world('slow', { timeoutMs: 4000 })
  agent.host.onReplicate.set('slow-b', async (_, signal) => {
    await pause(5000, signal)
    return {}
  })

  expect(await resultOf(job)).toMatchObject({ outcome: 'good', copies: 'complete' })
})

test('a destination that is away is tried again, although the next run is near', async () => {
  const { job } = world('late')
  // Copies have a minute at least, however soon that is.
  agent.host.nextRuns.set('late', new Date(Date.now() + 5000).toISOString())
  let attempts = 0
  agent.host.onReplicate.set('late-b', async () => {
    if (++attempts === 1) throw new HoldfastError('destination.unavailable', 'It does not answer.')
    return {}
  })

  expect(await resultOf(job)).toMatchObject({ outcome: 'good', copies: 'complete' })
  expect(attempts).toBe(2)
})

test('who cancels a run during its copies keeps the backup', async () => {
  const { job } = world('cancelled-copy')
  agent.host.onReplicate.set('cancelled-copy-b', async (input, signal) => {
    await hang(input, signal)
    return {}
  })
  const handle = await start(job)
  const isCopying = async () =>
    (await handle.query<RunProgress>('progress')).copies?.some(({ state }) => state === 'running')
  await until('it copies', isCopying)

  await handle.cancel()

  await expect(handle.result()).rejects.toThrow()
  expect(agent.host.discarded.some((id) => id.includes('cancelled-copy'))).toBe(false)
})

test('a plan whose first destination fails fails, and copies nothing', async () => {
  const { job, service } = world('first-fails')
  agent.host.onCapture.set('first-fails-data', async () => {
    throw new HoldfastError('destination.denied', 'No rights.')
  })

  await expect(resultOf(job)).rejects.toThrow()

  expect(service.state).toBe('running')
  expect(agent.host.replications.some(({ plan }) => plan === 'first-fails')).toBe(false)
})

test('what went through the spool is copied after its upload', async () => {
  const { job } = world('spooled-copy')
  agent.host.found.set('spooled-copy', { route: 'spool' })
  let uploaded = false
  agent.host.onUpload.set('spooled-copy-data', async () => void (uploaded = true))
  const seen: boolean[] = []
  agent.host.onReplicate.set('spooled-copy-b', async () => {
    seen.push(uploaded)
    return {}
  })

  expect(await resultOf(job)).toMatchObject({ outcome: 'good', copies: 'complete' })
  expect(seen).toEqual([true])
})
