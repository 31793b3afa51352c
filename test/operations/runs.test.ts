import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import { MANIFEST_FORMAT } from '../../core/backup.js'
import { backupIdOf } from '../../core/ids.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import type { FoundBackup } from '../../operations/backups.js'
import { findBackup, listBackups } from '../../operations/backups.js'
import { failureOfRun, followRun, viewRun, type RunView } from '../../operations/follow.js'
import { startDeletion, startVerification } from '../../operations/maintenance.js'
import { askHost } from '../../operations/questions.js'
import { findRestore, previewUndo, startRestoreEnd } from '../../operations/restore-ends.js'
import { planRestore, startRestore } from '../../operations/restores.js'
import { cancelRun, findRun, listRuns, startBackup, type StartedRun } from '../../operations/runs.js'
import type { Session } from '../../operations/session.js'
import { HoldfastError } from '../../core/errors.js'
import { NO_MARKS } from '../../core/marks.js'
import { hang } from '../fakes/activities.js'
import { testHold, testJob } from '../support/backup-jobs.js'
import { startOwnTemporal, type TestTemporal } from '../support/temporal.js'
import { startTestAgent, TEST_HOST, type TestAgent } from '../support/test-agent.js'
import { until } from '../support/until.js'
import { bundleFromSources } from '../support/workflow-bundle.js'
import { openSession } from './support.js'

let temporal: TestTemporal
let agent: TestAgent
let session: Session & { close(): Promise<void> }

beforeAll(async () => {
  const [started, bundle] = await Promise.all([startOwnTemporal(), bundleFromSources()])
  temporal = started
  session = await openSession(temporal)
  agent = await startTestAgent(temporal, bundle)
})

afterAll(async () => {
  await session?.close()
  await agent?.close()
  await temporal?.stop()
})

const never = new AbortController().signal
const backupOf = (plan: string, hold = false) => {
  const job = testJob(plan, hold ? testHold({ services: [`command:${plan}`] }) : undefined)
  const backupId = backupIdOf(new Date(), plan, session.world.random(6))
  return { job, backupId, startedBy: 'person' as const }
}
const follow = <T>(run: StartedRun<T>, onView?: (view: RunView) => void, signal = never) =>
  followRun<T>(session.client, run, {
    everyMs: 50,
    sleep: session.world.sleep,
    signal,
    ...(onView === undefined ? {} : { onView }),
  })

test('a backup is started, followed to its result, found by its id and listed', async () => {
  const input = backupOf('shop')

  const run = await startBackup(session.client, input)
  const end = await follow(run)

  expect(end).toMatchObject({ status: 'completed', result: { outcome: 'good', backupId: input.backupId } })
  expect(run.workflowId).toBe(`backup/shop/${input.backupId}`)
  for (const id of [input.backupId, run.workflowId]) {
    expect(await findRun(session.client, id)).toMatchObject({
      ...run,
      kind: 'backup',
      plan: 'shop',
      outcome: 'good',
    })
  }
  const isListed = async () =>
    (await listRuns(session.client, { site: 'home', plan: 'shop', kind: 'backup', limit: 10 })).some(
      ({ runId }) => runId === run.runId,
    )
  await until('the run is listed', isListed)
})

test('while it goes on it shows what stands still and until when, and the bytes of the last heartbeat', async () => {
  agent.host.add('command:seen')
  agent.host.onCapture.set('seen-data', beatAndHang)
  let last: RunView = { captures: [], copies: [], retries: [] }
  const run = await startBackup(session.client, backupOf('seen', true))
  const end = follow(run, (view) => (last = view))

  await until('bytes are seen under the hold', () => {
    const isHeld = last.progress?.holds.some(({ state }) => state === 'held') === true
    return isHeld && last.captures.length > 0
  })
  const { progress, captures } = last
  await cancelRun(session.client, run)

  expect(progress).toMatchObject({ phase: 'capturing', holds: [{ service: 'command:seen' }] })
  expect(progress?.holds[0]?.deadlineAt).toBeDefined()
  expect(captures).toEqual([{ source: 'seen-data', plainBytes: 5, storedBytes: 1 }])
  expect((await viewRun(session.client, run)).progress?.backupId).toBe(progress?.backupId)
  expect(await end).toEqual({ status: 'cancelled' })
  expect(await findRun(session.client, run.workflowId)).toMatchObject({
    status: 'cancelled',
    outcome: 'cancelled',
  })
})

test('who stops looking leaves the run going', async () => {
  agent.host.add('command:left')
  agent.host.onCapture.set('left-data', hang)
  const leave = new AbortController()
  const run = await startBackup(session.client, backupOf('left', true))
  const end = follow(run, () => leave.abort(), leave.signal)

  expect(await end).toEqual({ status: 'left' })

  expect(await findRun(session.client, run.workflowId)).toMatchObject({ status: 'running' })
  expect(await findRun(session.client, run.workflowId)).not.toHaveProperty('outcome')
  await cancelRun(session.client, run)
  await follow(run)
})

test('a run that fails throws its own error, with code and hint', async () => {
  agent.host.onCapture.set('full-live', () => {
    throw new HoldfastError('destination.full', 'No space left at disk.', { hint: 'Make space.' })
  })
  const run = await startBackup(session.client, backupOf('full'))

  await expect(follow(run)).rejects.toMatchObject({
    code: 'destination.full',
    message: 'No space left at disk.',
    hint: 'Make space.',
  })

  expect(await failureOfRun(session.client, run)).toMatchObject({ code: 'destination.full' })
  expect(await findRun(session.client, run.workflowId)).toMatchObject({ status: 'failed', outcome: 'failed' })
})

test('a run that somebody terminated is a failed one, and says so', async () => {
  agent.host.add('command:ended')
  agent.host.onCapture.set('ended-data', hang)
  const run = await startBackup(session.client, backupOf('ended', true))
  const end = follow(run)
  await session.client.workflow.getHandle(run.workflowId).terminate()

  await expect(end).rejects.toMatchObject({
    code: 'run.failed',
    message: expect.stringContaining('terminated') as string,
  })

  expect(await findRun(session.client, run.workflowId)).toMatchObject({
    status: 'terminated',
    outcome: 'failed',
  })
})

test('the same run cannot be started twice at the same time', async () => {
  agent.host.onCapture.set('twice-live', hang)
  const input = backupOf('twice')
  const run = await startBackup(session.client, input)

  await expect(startBackup(session.client, input)).rejects.toMatchObject({ code: 'lock.taken' })

  await cancelRun(session.client, run)
  await follow(run)
})

test('following a run that Temporal has forgotten fails as one that is not found', async () => {
  const run = { workflowId: 'backup/forgotten/1', runId: randomUUID() }

  await expect(follow(run)).rejects.toMatchObject({ code: 'run.not-found' })
})

test('a run that nobody knows is not found', async () => {
  await expect(findRun(session.client, "x'; DROP")).rejects.toMatchObject({ code: 'run.not-found' })
  await expect(findRun(session.client, 'backup/none/1')).rejects.toMatchObject({ code: 'run.not-found' })
})

test('questions are answered by the host, and its errors arrive as they were', async () => {
  expect(await listBackups(session, [TEST_HOST], {})).toEqual({ backups: [], problems: [] })
  await expect(findBackup(session, [TEST_HOST], { backupId: 'x' })).rejects.toMatchObject({
    code: 'backup.not-found',
  })
})

test('a host that does not answer is a problem beside the list, and a failure when it is alone', async () => {
  const [together, alone] = await Promise.allSettled([
    listBackups(session, [TEST_HOST, 'away'], {}),
    askHost(session, 'away', 'listBackups', { filter: {} }),
  ])

  expect(together).toMatchObject({ status: 'fulfilled', value: { backups: [] } })
  expect(together.status === 'fulfilled' && together.value.problems).toEqual([
    expect.stringContaining('"away"'),
  ])
  expect(alone).toMatchObject({ status: 'rejected', reason: { code: 'agent.offline' } })
})

test('a backup is verified and deleted by its host', async () => {
  const backup = foundBackup('shop')

  const verified = await follow(await startVerification(session, backup))
  const deleted = await follow(await startDeletion(session, backup, 'after-quarantine'))

  expect(verified).toMatchObject({
    status: 'completed',
    result: { backupId: backup.manifest.id, problems: [] },
  })
  expect(deleted).toMatchObject({
    status: 'completed',
    result: { retained: [{ expired: { expired: [backup.manifest.id] } }] },
  })
  expect(agent.host.expired).toContain(backup.manifest.id)
})

test('a backup of another site is not deleted', async () => {
  const backup = foundBackup('shop')
  const foreign = { ...backup, manifest: { ...backup.manifest, site: 'other' } }

  await expect(startDeletion(session, foreign, 'now')).rejects.toMatchObject({ code: 'backup.not-found' })
})

test('a restore is planned, started, and the next one has another id', async () => {
  const backup = foundBackup('back')
  const { id } = backup.manifest
  for (const n of [1, 2]) {
    agent.host.previews.set(`${id}/${n}`, {
      backupId: id,
      destination: 'disk',
      plan: 'back',
      host: TEST_HOST,
      takenAt: backup.manifest.takenAt,
      items: [{ source: 'data', type: 'files', effects: ['replaces /data'], bytes: 1, notCaptured: 0 }],
      warnings: [],
    })
  }

  const planned = await planRestore(session, backup, {})
  const end = await follow(await startRestore(session, planned))
  const next = await planRestore(session, backup, {})

  expect(planned.restoreId).toBe(`${id}/1`)
  expect(end).toMatchObject({ status: 'completed', result: { items: [{ restored: ['all of data'] }] } })
  expect(next.restoreId).toBe(`${id}/2`)
  await expect(startRestore(session, planned)).rejects.toMatchObject({ code: 'lock.taken' })
})

test('an interrupted restore is listed, and resumed under its own id; one that still runs is not touched', async () => {
  const backup = foundBackup('again')
  const { id } = backup.manifest
  agent.host.previews.set(`${id}/1`, {
    ...{ backupId: id, destination: 'disk', plan: 'again', host: TEST_HOST, takenAt: '', warnings: [] },
    items: [{ source: 'data', type: 'files', effects: ['replaces /data'], bytes: 1, notCaptured: 0 }],
  })
  let isSwapping = false
  agent.host.onSwap = async (signal) => {
    isSwapping = true
    await hang(undefined, signal)
  }
  const run = await startRestore(session, await planRestore(session, backup, {}))
  await until('it swaps', () => isSwapping)

  const running = await findRestore(session, [TEST_HOST], id)
  await expect(startRestoreEnd(session, running, 'resume')).rejects.toMatchObject({ code: 'lock.taken' })
  await expect(previewUndo(session, running)).rejects.toMatchObject({ code: 'lock.taken' })
  await session.client.workflow.getHandle(run.workflowId).terminate()
  agent.host.onSwap = async () => undefined
  const left = await findRestore(session, [TEST_HOST], `${id}/1`)
  const resumed = await startRestoreEnd(session, left, 'resume')
  const end = await follow(resumed, undefined, new AbortController().signal)
  const complete = await findRestore(session, [TEST_HOST], id)

  expect(running.runningAs).toBe(run.workflowId)
  expect(left).toMatchObject({ state: 'swapping', down: [] })
  expect(resumed.workflowId).toBe(`restore/${id}/1/2`)
  expect(end).toMatchObject({ status: 'completed', result: { items: [{ restored: ['all of data'] }] } })
  expect(complete.state).toBe('swapped')
  await expect(startRestoreEnd(session, complete, 'resume')).rejects.toMatchObject({ code: 'restore.ended' })
  expect(await previewUndo(session, complete)).toEqual(['data: brings the old data back'])
  await expect(findRestore(session, [TEST_HOST], 'nothing')).rejects.toMatchObject({
    code: 'restore.not-found',
  })
})

test('results are typed by what was started', async () => {
  const end = await follow<BackupRunResult>(await startBackup(session.client, backupOf('typed')))

  expect(end.status === 'completed' && end.result.plan).toBe('typed')
})

/** Says again and again how far it is, as a capture does, until it is cancelled. */
async function beatAndHang(input: unknown, signal: AbortSignal): Promise<void> {
  const context = Context.current()
  const beat = () => context.heartbeat({ source: 'seen-data', plainBytes: 5, storedBytes: 1 })
  beat()
  const timer = setInterval(beat, 100)
  await hang(input, signal).finally(() => clearInterval(timer))
}

function foundBackup(plan: string): FoundBackup {
  const takenAt = '2026-11-20T01:30:00Z'
  return {
    reachedFrom: TEST_HOST,
    destination: 'disk',
    isGood: true,
    marks: NO_MARKS,
    copies: [{ destination: 'disk', isGood: true, marks: NO_MARKS, reachedFrom: TEST_HOST }],
    manifest: {
      format: MANIFEST_FORMAT,
      id: backupIdOf(new Date(takenAt), plan, session.world.random(6)),
      site: 'home',
      plan,
      host: { name: TEST_HOST, os: 'linux', architecture: 'x64' },
      versions: {},
      run: { workflowId: 'x', runId: 'y' },
      takenAt,
      completedAt: takenAt,
      verdicts: { data: 'complete', services: 'ok' },
      tolerate: [],
      holds: [],
      items: [],
      planText: '',
      planSha256: '',
    },
  }
}
