import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { HoldfastError } from '../../core/errors.js'
import { ALL, type PlanVerification, type VerifyJob } from '../../core/verification.js'
import { errorOf } from '../../core/failure.js'
import { workflowIds } from '../../core/ids.js'
import type { BackupRunInput, HoldSpec } from '../../core/job.js'
import type { RunProgress } from '../../core/messages.js'
import type { RestoreResult } from '../../core/work/restore.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { hang, pause } from '../fakes/activities.js'
import { testHold, testJob, testRun } from '../support/backup-jobs.js'
import { startOwnAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'

let agent: TestAgent
let unanswered: WorkflowHandle

beforeAll(async () => {
  agent = await startOwnAgent()
  // Its answer takes 15 s: it is asked first, and looked at last.
  unanswered = await ask('nobody')
})

afterAll(() => agent?.close())

const ask = (host: string) => {
  const args = [{ host, ask: { question: 'listBackups', arguments: [{ filter: {} }] } }]
  return agent.client.workflow.start('question', {
    taskQueue: 'orchestrator',
    workflowId: `question/${randomUUID()}`,
    args,
  })
}

const start = (input: BackupRunInput, workflowId = `backup/${input.job.plan}/${randomUUID()}`) =>
  agent.client.workflow.start('backupRun', { taskQueue: 'orchestrator', workflowId, args: [input] })

const backUp = async (input: BackupRunInput): Promise<BackupRunResult> =>
  (await (await start(input)).result()) as BackupRunResult

const failureOfRun = async (handle: WorkflowHandle): Promise<HoldfastError | undefined> =>
  handle.result().then(
    () => undefined,
    (error: unknown) => errorOf(error),
  )

/** A plan with a service of its own: tests do not meet. */
function world(plan: string, holdChanges: Partial<HoldSpec> = {}) {
  const name = `command:${plan}`
  const service = agent.host.add(name)
  return { name, service, job: testJob(plan, testHold({ services: [name], ...holdChanges })) }
}

const isCapturing = (source: string) =>
  until(`${source} is being captured`, () =>
    agent.host.captures.some((input) => input.source.name === source),
  )
const isBack = (service: { state: string }) =>
  until('the service is back', () => service.state === 'running', 15_000)
const guardIsClosed = (service: string) =>
  until(`the guard of ${service} has closed`, async () => {
    const { status } = await agent.client.workflow.getHandle(workflowIds.guard(TEST_HOST, service)).describe()
    return status.name !== 'RUNNING'
  })

test('a run stops the service, reads, starts it again, publishes and applies retention', async () => {
  const { job, service, name } = world('ok')
  agent.host.decisions = [
    { backupId: 'kept', takenAt: '', isGood: true, keptBecause: ['last 1 of 1'] },
    { backupId: 'old', takenAt: '', isGood: true, keptBecause: [] },
  ]

  const result = await backUp(testRun(job))

  expect(result).toMatchObject({ outcome: 'good', data: 'complete', services: 'ok', plan: 'ok' })
  expect(result.holds).toMatchObject([{ service: name, health: 'ok', stateBefore: 'running' }])
  expect(result.retention?.expired).toEqual(['old'])
  expect(service.events).toEqual(['stop', 'start'])
  agent.host.decisions = []
})

test('what is live is read before the service stops', async () => {
  const { job, service } = world('live-first')
  const stopsWhileLive: number[] = []
  agent.host.onCapture.set('live-first-live', async () => void stopsWhileLive.push(service.events.length))

  await backUp(testRun(job))

  expect(stopsWhileLive).toEqual([0])
})

test('a plan that verifies after each backup reads it back before anything is deleted', async () => {
  const { job } = world('verifies')
  let isRead = false
  agent.host.onVerify.set('verifies', async () => {
    isRead = true
    return []
  })

  const result = await backUp(testRun({ ...job, verifyAfter: 'readBack' }))

  expect(isRead).toBe(true)
  expect(result).toMatchObject({
    ...{ outcome: 'good', verification: { outcome: 'verified' } },
    summary: { isGood: true, marks: { verification: { outcome: 'verified' } } },
  })
})

test('a backup that is found damaged is not good, and lets nothing be deleted', async () => {
  const { job } = world('damaged')
  agent.host.onVerify.set('damaged', async () => ['a.tar is missing.'])

  const result = await backUp(testRun({ ...job, verifyAfter: 'readBack' }))

  expect(result).toMatchObject({
    ...{ outcome: 'not-good', verification: { outcome: 'damaged', problems: ['a.tar is missing.'] } },
    ...{ summary: { isGood: false }, retention: { expired: [] } },
  })
})

test('a backup that cannot be read back stands, with an alarm, and lets nothing be deleted', async () => {
  const { job } = world('unread')
  agent.host.onVerify.set('unread', async () => {
    throw new HoldfastError('destination.denied', 'No permission.')
  })

  const result = await backUp(testRun({ ...job, verifyAfter: 'checksum' }))

  expect(result).toMatchObject({
    ...{ outcome: 'not-good', verification: { outcome: 'not-done' } },
    ...{ summary: { isGood: true }, retention: { note: 'the backup could not be verified' } },
  })
  expect(agent.host.alarms.get('verification/unread')?.summary).toContain('No permission')
})

test('a worker that dies is missed within a minute, whatever a run waits for', async () => {
  const handle = await start(testRun(world('missed').job))
  await handle.result()

  const { events = [] } = await handle.fetchHistory()
  const waits = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled == null) return []
    const limits = [scheduled.heartbeatTimeout, scheduled.startToCloseTimeout].map((limit) =>
      Number(limit?.seconds ?? 0),
    )
    return [{ name: scheduled.activityType?.name, seconds: Math.min(...limits.filter((limit) => limit > 0)) }]
  })

  expect(waits.map(({ name }) => name)).toEqual(expect.arrayContaining(['previewRetention', 'capture']))
  expect(waits.filter(({ seconds }) => seconds > 60)).toEqual([])
})

test('without retention a run still removes what was deleted before', async () => {
  const { retention: _, ...job } = world('keeps-all').job

  const result = await backUp(testRun(job))

  expect(result.retention).toEqual({ expired: [], removed: [], note: 'the plan has no retention' })
})

test('a subset is published, and expires nothing', async () => {
  const { job, service } = world('subset')

  const result = await backUp(testRun(job, { onlySources: ['subset-live'] }))

  expect(result).toMatchObject({ outcome: 'not-good', retention: { expired: [], removed: [] } })
  expect(service.events).toEqual([])
})

test('a capture that fails for good brings the service back and leaves nothing behind', async () => {
  const { job, service } = world('capture-fails')
  agent.host.onCapture.set('capture-fails-data', async () => {
    throw new HoldfastError('source.denied', 'No permission on /data.')
  })

  const error = await failureOfRun(await start(testRun(job)))

  expect(error?.code).toBe('source.denied')
  await isBack(service)
  expect(service.events).toEqual(['stop', 'start'])
  expect(agent.host.discarded.some((id) => id.includes('capture-fails'))).toBe(true)
  expect(agent.host.alarms.get('run-failed/capture-fails')?.summary).toContain('No permission')
})

test('a lost capture repeats the whole set under a new hold, and the alarm of before is resolved', async () => {
  const { job, service } = world('repeated')
  agent.host.alarms.set('run-failed/repeated', { cause: 'run-failed/repeated', summary: '', hint: '' })
  agent.host.onCapture.set('repeated-data', async ({ attempt }) => {
    if (attempt === 1) throw new HoldfastError('source.failed', 'The dump was cut off.')
  })

  const result = await backUp(testRun(job))

  expect(result.outcome).toBe('good')
  expect(service.events).toEqual(['stop', 'start', 'stop', 'start'])
  expect(
    agent.host.captures.filter(({ source }) => source.name === 'repeated-data').map((c) => c.attempt),
  ).toEqual([1, 2])
  expect(agent.host.alarms.has('run-failed/repeated')).toBe(false)
})

test('a cancelled run brings the service back and ends as cancelled', async () => {
  const { job, service } = world('cancelled')
  agent.host.onCapture.set('cancelled-data', hang)
  const handle = await start(testRun(job))
  await isCapturing('cancelled-data')

  await handle.cancel()

  await isBack(service)
  await expect(handle.result()).rejects.toThrow('cancelled')
  expect((await handle.describe()).status.name).toBe('CANCELLED')
})

test('a plan that takes too long is stopped by its own limit', async () => {
  const { job, service } = world('slow')
  agent.host.onCapture.set('slow-data', hang)

  const error = await failureOfRun(await start(testRun({ ...job, timeoutMs: 2000 })))

  expect(error?.code).toBe('run.timeout')
  await isBack(service)
})

test('at the deadline the service comes back, and the backup says that it is inconsistent', async () => {
  const { job, service } = world('deadline', { maxDowntimeMs: 1000 })
  agent.host.onCapture.set('deadline-data', (_, signal) => pause(2500, signal))

  const result = await backUp(testRun(job))

  expect(result).toMatchObject({ outcome: 'not-good', data: 'inconsistent', services: 'ok' })
  expect(service.events).toEqual(['stop', 'start'])
  expect(result.holds[0]?.downtimeMs).toBeLessThan(2400)
  expect(agent.host.alarms.has('inconsistent/deadline')).toBe(true)
})

test('a plan that keeps no inconsistent backup fails, and nothing is published', async () => {
  const { job } = world('strict', { maxDowntimeMs: 800, onInconsistent: 'fail' })
  agent.host.onCapture.set('strict-data', (_, signal) => pause(2000, signal))

  const error = await failureOfRun(await start(testRun(job)))

  expect(error?.code).toBe('backup.inconsistent')
  expect(agent.host.published.some(({ job: { plan } }) => plan === 'strict')).toBe(false)
})

test('a scheduled run that would have to wait is skipped, and says for whom', async () => {
  const { job } = world('twice')
  agent.host.onCapture.set('twice-data', hang)
  const first = await start(testRun(job))
  await isCapturing('twice-data')

  const second = await backUp(testRun(job, { startedBy: 'schedule' }))

  expect(second).toMatchObject({ outcome: 'skipped', skippedFor: first.workflowId })
  await first.cancel()
})

test('a run of a person waits for the one before, and says for whom', async () => {
  const { job } = world('queued')
  let isFree = false
  agent.host.onCapture.set('queued-data', (_, signal) =>
    until('the first may go on', async () => (signal.aborted ? true : isFree)).then(() => undefined),
  )
  const first = await start(testRun(job))
  await isCapturing('queued-data')
  const second = await start(testRun(job))

  await until('the second waits', async () => {
    const progress = await second.query<RunProgress>('progress')
    return progress.phase === 'waiting' && progress.waitingFor?.includes(first.workflowId)
  })
  isFree = true

  expect(await first.result()).toMatchObject({ outcome: 'good' })
  expect(await second.result()).toMatchObject({ outcome: 'good' })
})

test('two plans share one stop; the first to go learns who still has it', async () => {
  const { job, service, name } = world('sharing-a')
  const other = testJob('sharing-b', testHold({ services: [name] }))
  let isFree = false
  agent.host.onCapture.set('sharing-a-data', () => isCapturing('sharing-b-data').then(() => undefined))
  agent.host.onCapture.set('sharing-b-data', () => until('b may go on', () => isFree).then(() => undefined))
  const first = await start(testRun(job))
  await isCapturing('sharing-a-data')
  const second = await start(testRun(other))

  const early = (await first.result()) as BackupRunResult
  isFree = true
  const late = (await second.result()) as BackupRunResult

  expect(early).toMatchObject({ outcome: 'good', services: 'held', holds: [{ heldBy: [second.workflowId] }] })
  expect(late).toMatchObject({ outcome: 'good', services: 'ok' })
  expect(service.events).toEqual(['stop', 'start'])
})

test('services of one hold stop in their order and start in the reverse', async () => {
  const [web, database] = ['command:order-web', 'command:order-db']
  const events: string[] = []
  for (const service of [web, database]) {
    agent.host.add(service)
    agent.host.onStop.set(service, async () => void events.push(`stop ${service}`))
    agent.host.onStart.set(service, async () => void events.push(`start ${service}`))
  }

  await backUp(testRun(testJob('order', testHold({ services: [web, database] }))))

  expect(events).toEqual([`stop ${web}`, `stop ${database}`, `start ${database}`, `start ${web}`])
})

test('a service that was stopped before stays stopped', async () => {
  const service = agent.host.add('command:was-stopped', 'stopped')

  const result = await backUp(
    testRun(testJob('was-stopped', testHold({ services: ['command:was-stopped'] }))),
  )

  expect(result).toMatchObject({ outcome: 'good', holds: [{ stateBefore: 'stopped' }] })
  expect(service).toMatchObject({ state: 'stopped', events: [] })
})

test('a service that is not there fails the run with its cause, and its guard is not asked again and again', async () => {
  const job = testJob('missing', testHold({ services: ['command:missing'] }))

  const error = await failureOfRun(await start(testRun(job)))

  expect(error?.code).toBe('service.not-found')
})

// ── Restoring ──

function restorable(plan: string) {
  const name = `command:${plan}`
  const service = agent.host.add(name)
  const backupId = `20261120-013000-${plan}-abcdef`
  const restoreId = `${backupId}/1`
  const hold = testHold({ services: [name] })
  const items = [{ source: 'data', type: 'files', effects: [], bytes: 1, notCaptured: 0 }]
  agent.host.previews.set(restoreId, {
    ...{ backupId, destination: 'disk', plan, host: TEST_HOST, takenAt: '', items, hold, warnings: [] },
  })
  const run = () =>
    agent.client.workflow.start('restoreRun', {
      taskQueue: 'orchestrator',
      workflowId: workflowIds.restore(restoreId),
      args: [{ request: { reference: { backupId } }, restoreId, host: TEST_HOST }],
    })
  return { name, service, restoreId, run }
}

const startVerify = (plan: string, nth: string) =>
  agent.client.workflow.start('verifyRun', {
    taskQueue: 'orchestrator',
    workflowId: `verify/${plan}/${nth}`,
    args: [{ host: TEST_HOST, reference: { backupId: `20261120-013000-${plan}-abcdef` } }],
  })

test('a restore swaps while the service stands still, and starts it again', async () => {
  const { service, name, run } = restorable('restore-ok')
  const statesAtSwap: string[] = []
  const granted: string[] = []
  agent.host.onSwap = async (_, grants) => {
    statesAtSwap.push(service.state)
    granted.push(...grants.map((grant) => grant.service))
  }

  const result = (await (await run()).result()) as RestoreResult

  expect(statesAtSwap).toEqual(['stopped'])
  expect(granted).toEqual([name])
  expect(result).toMatchObject({ servicesVerdict: 'ok', items: [{ restored: ['all of data'] }] })
  expect(service.events).toEqual(['stop', 'start'])
})

test('a swap finds its slot also when verifications have all that captures and stages share', async () => {
  const { service, name, run } = restorable('restore-busy')
  let finish = () => undefined as void
  const isReleased = new Promise<void>((resolve) => (finish = resolve))
  const verified: WorkflowHandle[] = []
  let reading = 0
  agent.host.onVerify.set('busy', async () => {
    reading++
    await isReleased
    return []
  })
  agent.host.onStop.set(name, async () => {
    for (const nth of ['first', 'second', 'third']) verified.push(await startVerify('busy', nth))
    await until('all slots are taken', () => reading === 2)
  })

  const result = (await (await run()).result()) as RestoreResult
  const readingAtTheEnd = reading
  finish()

  expect(readingAtTheEnd).toBe(2)
  expect(result).toMatchObject({ servicesVerdict: 'ok', items: [{ restored: ['all of data'] }] })
  expect(service.events).toEqual(['stop', 'start'])
  await Promise.all(verified.map((handle) => handle.result()))
})

test('a restore that fails before its swap leaves everything as it was', async () => {
  const { service, run, restoreId, name } = restorable('restore-early')
  agent.host.onStop.set(name, async () => {
    throw new HoldfastError('docker.denied', 'No rights.')
  })

  const error = await failureOfRun(await run())

  expect(error?.code).toBe('docker.denied')
  expect(agent.host.discardedRestores).toContain(restoreId)
  await guardIsClosed(name)
  expect(service.state).toBe('running')
  expect(agent.host.alarms.has(`write-lease/${name}`)).toBe(false)
})

test.each([
  ['fails', 'restore-fails'],
  ['is cancelled', 'restore-cancelled'],
  ['is terminated', 'restore-terminated'],
])('a restore that %s after its swap began leaves the service down, with an alarm', async (how, plan) => {
  const { service, run, name } = restorable(plan)
  let isSwapping = false
  agent.host.onSwap = async (signal) => {
    isSwapping = true
    if (how === 'fails') throw new HoldfastError('restore.failed', 'The rename failed.')
    await hang(undefined, signal)
  }
  const handle = await run()
  await until('it swaps', () => isSwapping)

  if (how === 'is cancelled') await handle.cancel()
  if (how === 'is terminated') await handle.terminate()

  await expect(handle.result()).rejects.toThrow()
  await until('the alarm', () => agent.host.alarms.has(`write-lease/${name}`))
  await guardIsClosed(name)
  expect(service.state).toBe('stopped')
  expect(agent.host.journal.get(name)?.lease).toBe('write')
  agent.host.onSwap = async () => undefined
})

test('a restore whose swap was taken back whole starts the service on the old data', async () => {
  const { service, run, restoreId, name } = restorable('restore-undone')
  agent.host.onSwap = async () => {
    throw new HoldfastError('restore.failed', 'The rename failed.', { details: { state: 'undone' } })
  }

  const error = await failureOfRun(await run())

  expect(error?.code).toBe('restore.failed')
  await guardIsClosed(name)
  expect(service.events).toEqual(['stop', 'start'])
  expect(agent.host.discardedRestores).toContain(restoreId)
  expect(agent.host.alarms.has(`write-lease/${name}`)).toBe(false)
  agent.host.onSwap = async () => undefined
})

/** A restore that was terminated in the middle of its swap. */
async function interrupted(plan: string) {
  const { service, run, restoreId, name } = restorable(plan)
  let isSwapping = false
  agent.host.onSwap = async (signal) => {
    isSwapping = true
    await hang(undefined, signal)
  }
  const handle = await run()
  await until('it swaps', () => isSwapping)
  await handle.terminate()
  await until('the alarm', () => agent.host.alarms.has(`write-lease/${name}`))
  await guardIsClosed(name)
  agent.host.onSwap = async () => undefined
  let attempt = 1
  const end = (verb: 'resume' | 'undo') =>
    agent.client.workflow.start('restoreEndRun', {
      taskQueue: 'orchestrator',
      workflowId: workflowIds.restoreAttempt(restoreId, ++attempt),
      args: [{ restoreId, host: TEST_HOST, verb }],
    })
  return { name, service, restoreId, end }
}

test.each([
  ['resume', 'all of data', 'swapped'],
  ['undo', 'data is as before', 'undone'],
] as const)('%s of an interrupted restore starts the service, once', async (verb, sentence, state) => {
  const { service, end, name, restoreId } = await interrupted(`${verb}-well`)

  const result = (await (await end(verb)).result()) as RestoreResult
  const again = await failureOfRun(await end(verb))

  expect(result).toMatchObject({ servicesVerdict: 'ok', items: [{ restored: [sentence] }] })
  expect(service).toMatchObject({ state: 'running', events: ['stop', 'start'] })
  expect(agent.host.restores.get(restoreId)?.state).toBe(state)
  expect(agent.host.alarms.has(`write-lease/${name}`)).toBe(false)
  expect(again?.code).toBe('restore.ended')
})

test('a resume that fails leaves the service down; an undo that is terminated can be asked for again', async () => {
  const { service, end, name } = await interrupted('ends-badly')
  agent.host.onSwap = async () => {
    throw new HoldfastError('restore.failed', 'The rename failed.')
  }

  const resumed = await failureOfRun(await end('resume'))
  agent.host.onSwap = async () => undefined
  await guardIsClosed(name)
  const between = { state: service.state, isAlarmed: agent.host.alarms.has(`write-lease/${name}`) }
  let isUndoing = false
  agent.host.onUndo = async (signal) => {
    isUndoing = true
    await hang(undefined, signal)
  }
  const undoing = await end('undo')
  await until('it undoes', () => isUndoing)
  await undoing.terminate()
  await guardIsClosed(name)
  agent.host.onUndo = async () => undefined
  const undone = (await (await end('undo')).result()) as RestoreResult

  expect(resumed?.hint).toContain('holdfast restore resume')
  expect(between).toEqual({ state: 'stopped', isAlarmed: true })
  expect(undone.servicesVerdict).toBe('ok')
  expect(service).toMatchObject({ state: 'running', events: ['stop', 'start'] })
})

test('another restore does not take over what an interrupted one has left down', async () => {
  const { service, name, end } = await interrupted('not-taken-over')
  const other = restorable('taking-over')
  const preview = agent.host.previews.get(other.restoreId)!
  agent.host.previews.set(other.restoreId, { ...preview, hold: testHold({ services: [name] }) })

  const error = await failureOfRun(await other.run())

  expect(error?.code).toBe('restore.conflict')
  expect(service.state).toBe('stopped')
  await (await end('undo')).result()
  expect(service.state).toBe('running')
})

test('a backup does not start what a restore has left down', async () => {
  const service = agent.host.add('command:left-down', 'stopped')
  agent.host.journal.set('command:left-down', {
    stateBefore: 'running',
    lease: 'write',
    stopRequestedAt: new Date().toISOString(),
  })

  const error = await failureOfRun(
    await start(testRun(testJob('left-down', testHold({ services: ['command:left-down'] })))),
  )

  expect(error?.code).toBe('restore.conflict')
  await guardIsClosed('command:left-down')
  expect(service).toMatchObject({ state: 'stopped', events: [] })
})

// ── Other runs ──

test('retention by hand removes what nothing keeps', async () => {
  agent.host.decisions = [{ backupId: 'by-hand', takenAt: '', isGood: true, keptBecause: [] }]
  const retention = {
    plan: 'by-hand',
    site: 'home',
    destination: 'disk',
    rules: { minimum: 1 },
    timezone: 'UTC',
  }

  const result: unknown = await agent.client.workflow.execute('retentionRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.retention('by-hand'),
    args: [{ host: TEST_HOST, plan: 'by-hand', site: 'home', retentions: [retention] }],
  })

  expect(result).toMatchObject({ retained: [{ expired: { expired: ['by-hand'] } }], failed: [] })
  agent.host.decisions = []
})

test('a verification answers with what it found', async () => {
  const backupId = '20261120-013000-verified-abcdef'

  const report: unknown = await agent.client.workflow.execute('verifyRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.verify(backupId),
    args: [{ host: TEST_HOST, reference: { backupId } }],
  })

  expect(report).toMatchObject({ backupId, problems: [] })
})

test('a rehearsed restore answers with what came', async () => {
  const backupId = '20261120-013000-rehearsed-abcdef'

  const report: unknown = await agent.client.workflow.execute('rehearsalRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.rehearsal(backupId),
    args: [{ host: TEST_HOST, reference: { backupId } }],
  })

  expect(report).toMatchObject({ backupId, items: [{ outcome: 'restored' }] })
})

/** Reads backups of a plan, of which there are as many as days. */
async function verifyPlan(plan: string, days: number): Promise<PlanVerification> {
  const chosen = Array.from({ length: days }, (_, day) => ({
    backupId: `202611${String((day % 28) + 1).padStart(2, '0')}-013000-${plan}-${String(day).padStart(6, '0')}`,
    destination: day % 2 === 0 ? 'disk' : 'offsite',
  }))
  agent.host.choices.set(plan, { chosen, of: days + 1, problems: [] })
  const job: VerifyJob = {
    ...{ jobVersion: 1, site: 'home', host: TEST_HOST, plan },
    ...{ destinations: ['disk', 'offsite'], sample: ALL },
  }
  return (await agent.client.workflow.execute('verifyPlanRun', {
    taskQueue: 'orchestrator',
    workflowId: workflowIds.verifyPlan(plan),
    args: [{ job }],
  })) as PlanVerification
}

test('a verification of a plan reads all that was chosen, whatever one of them is like', async () => {
  const asked: string[] = []
  agent.host.onVerify.set('mixed', async ({ backupId, destination }) => {
    asked.push(backupId)
    if (backupId.startsWith('20261101')) return ['a.tar is missing.']
    if (backupId.startsWith('20261103')) throw new HoldfastError('backup.not-found', 'It was removed.')
    if (backupId.startsWith('20261105')) throw new HoldfastError('backup.corrupt', 'Its manifest is cut.')
    if (destination === 'offsite') throw new HoldfastError('destination.denied', 'No rights.')
    return []
  })

  const { backups, of } = await verifyPlan('mixed', 7)

  expect(of).toBe(8)
  expect(backups.map(({ outcome, problem }) => [outcome, problem])).toEqual([
    ['damaged', 'a.tar is missing.'],
    ['not-done', 'No rights.'],
    ['gone', undefined],
    ['not-done', 'No rights.'],
    ['not-done', 'Its manifest is cut.'],
    ['not-done', 'No rights.'],
    ['verified', undefined],
  ])
  // What does not answer is asked once.
  expect(asked).toHaveLength(5)
  expect(agent.host.alarms.get('verification/mixed')?.summary).toContain('4 of 7 backups could not be read')
})

test('a verification that reads everything ends the alarm of the one before', async () => {
  agent.host.alarms.set('verification/mended', { cause: 'verification/mended', summary: '', hint: '' })

  const report = await verifyPlan('mended', 2)

  expect(report.backups.map(({ outcome }) => outcome)).toEqual(['verified', 'verified'])
  expect(agent.host.alarms.has('verification/mended')).toBe(false)
})

test('a long verification goes on in another execution, and reads each backup once', async () => {
  const asked = new Map<string, number>()
  agent.host.onVerify.set('many', async ({ backupId }) => {
    asked.set(backupId, (asked.get(backupId) ?? 0) + 1)
    return []
  })

  const report = await verifyPlan('many', 230)

  expect(report.backups).toHaveLength(230)
  expect([...asked.values()].every((times) => times === 1)).toBe(true)
  expect(asked.size).toBe(230)
})

test('a backup of the plan does not wait for its verification', async () => {
  let finish = () => undefined as void
  const isReleased = new Promise<void>((resolve) => (finish = resolve))
  agent.host.onVerify.set('beside', async () => {
    await isReleased
    return []
  })
  const verification = verifyPlan('beside', 1)

  const result = await backUp(testRun(testJob('beside'), { startedBy: 'schedule' }))
  finish()

  expect(result.outcome).toBe('good')
  expect((await verification).backups).toMatchObject([{ outcome: 'verified' }])
})

test('a question is answered by the worker of the host', async () => {
  expect(await (await ask(TEST_HOST)).result()).toEqual({ backups: [], problems: [] })
})

test('a question to a host without a worker says so, and what to do', async () => {
  const error = await failureOfRun(unanswered)

  expect(error).toMatchObject({ code: 'agent.offline', message: 'No worker of host "nobody" answers.' })
  expect(error?.hint).toContain('holdfast up')
})
