import { HoldfastError } from '../../core/errors.js'
import { errorOf } from '../../core/failure.js'
import { workflowIds } from '../../core/ids.js'
import type { BackupJob } from '../../core/job.js'
import type { RunProgress } from '../../core/messages.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { hang } from '../fakes/activities.js'
import { testHold, testJob, testRun } from '../support/backup-jobs.js'
import { startOwnAgent, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'

let agent: TestAgent

beforeAll(async () => {
  agent = await startOwnAgent()
})

afterAll(() => agent?.close())

/** A plan that holds a service of its own, on a host that has room in its spool. */
function world(plan: string, changes: Partial<BackupJob> = {}) {
  const name = `command:${plan}`
  const service = agent.host.add(name)
  agent.host.found.set(plan, { route: 'spool' })
  return { service, job: testJob(plan, testHold({ services: [name] }), changes) }
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
const failureOf = async (job: BackupJob) =>
  (await start(job)).result().then(
    () => undefined,
    (error: { cause?: unknown }) => errorOf(error.cause),
  )
const routesOf = (source: string) =>
  agent.host.captures.filter((input) => input.source.name === source).map(({ route }) => route ?? 'direct')

test('the service is back before the upload ends, and only then is the backup published', async () => {
  const { job, service } = world('spooled')
  let finish = (): void => undefined
  const mayFinish = new Promise<void>((resolve) => (finish = resolve))
  const statesAtUpload: string[] = []
  agent.host.onUpload.set('spooled-data', async () => {
    statesAtUpload.push(service.state)
    await mayFinish
  })

  const handle = await start(job)
  await until('it uploads', () => statesAtUpload.length > 0)
  const progress = await handle.query<RunProgress>('progress')
  const publishedMeanwhile = agent.host.published.length
  finish()
  const result = (await handle.result()) as BackupRunResult

  expect(statesAtUpload).toEqual(['running'])
  expect(progress.phase).toBe('uploading')
  expect(publishedMeanwhile).toBe(0)
  expect(result).toMatchObject({ outcome: 'good', services: 'ok' })
  expect(service.events).toEqual(['stop', 'start'])
})

test('only what is read under the hold goes through the spool', async () => {
  const { job } = world('live-direct')

  await resultOf(job)

  expect(routesOf('live-direct-live')).toEqual(['direct'])
  expect(routesOf('live-direct-data')).toEqual(['spool'])
  expect(agent.host.uploads.filter(({ plan }) => plan === 'live-direct').map(({ source }) => source)).toEqual(
    ['live-direct-data'],
  )
})

test('a spool that fills up costs one more hold, no attempt, and is said', async () => {
  const { job, service } = world('full', { attempts: 1 })
  agent.host.onCapture.set('full-data', async ({ route }) => {
    if (route === 'spool') throw new HoldfastError('spool.full', 'The spool is full.')
  })

  const result = await resultOf(job)

  expect(result.outcome).toBe('good')
  expect(routesOf('full-data')).toEqual(['spool', 'direct'])
  expect(service.events).toEqual(['stop', 'start', 'stop', 'start'])
  expect(result.warnings).toEqual([
    'The spool is full. The set is read once more, and its services stay down until "disk" has everything.',
  ])
  expect(agent.host.emptied).toContain(result.backupId)
})

test('a spool whose worker has died is read again under a new hold', async () => {
  const { job, service } = world('lost')
  agent.host.onUpload.set('lost-data', async () => {
    if (routesOf('lost-data').length === 1) throw new HoldfastError('spool.lost', 'The worker has ended.')
  })

  const result = await resultOf(job)

  expect(result.outcome).toBe('good')
  expect(routesOf('lost-data')).toEqual(['spool', 'spool'])
  expect(service.events).toEqual(['stop', 'start', 'stop', 'start'])
})

test('an upload that fails is tried again without stopping anything', async () => {
  const { job, service } = world('retried')
  let uploads = 0
  agent.host.onUpload.set('retried-data', async () => {
    if (++uploads === 1) throw new HoldfastError('destination.unavailable', 'The network is away.')
  })

  const result = await resultOf(job)

  expect(result.outcome).toBe('good')
  expect(uploads).toBe(2)
  expect(service.events).toEqual(['stop', 'start'])
})

test('an upload that fails for good fails the run, stops nothing again, and leaves nothing', async () => {
  const { job, service } = world('refused')
  agent.host.onUpload.set('refused-data', async () => {
    throw new HoldfastError('destination.denied', 'No rights.')
  })

  const error = await failureOf(job)

  expect(error?.code).toBe('destination.denied')
  expect(service.events).toEqual(['stop', 'start'])
  expect(agent.host.discarded.some((id) => id.includes('refused'))).toBe(true)
  expect(agent.host.published.some(({ job: { plan } }) => plan === 'refused')).toBe(false)
})

test('a run that is cancelled while it uploads leaves nothing', async () => {
  const { job, service } = world('stopped')
  agent.host.onUpload.set('stopped-data', hang)

  const handle = await start(job)
  await until('it uploads', () => agent.host.uploads.some(({ plan }) => plan === 'stopped'))
  await handle.cancel()

  await expect(handle.result()).rejects.toThrow()
  expect(service.state).toBe('running')
  expect(agent.host.discarded.some((id) => id.includes('stopped'))).toBe(true)
})

test('what preflight found odd stands in the result', async () => {
  const { job } = world('warned')
  agent.host.found.set('warned', { warnings: ['The spool has no room.'] })

  expect((await resultOf(job)).warnings).toEqual(['The spool has no room.'])
  expect(routesOf('warned-data')).toEqual(['direct'])
})
