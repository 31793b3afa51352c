import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { HoldfastError } from '../core/errors.js'
import { taskQueues, workflowIds } from '../core/ids.js'
import type { BackupJob, BackupRunInput } from '../core/job.js'
import type { VerifyJob } from '../core/verification.js'
import { hang, pause } from '../test/fakes/activities.js'
import { testHold, testJob, testRun } from '../test/support/backup-jobs.js'
import { startTemporal } from '../test/support/temporal.js'
import { TEST_HOST, startTestAgent, type TestAgent } from '../test/support/test-agent.js'
import { until } from '../test/support/until.js'
import { bundleFromSources } from '../test/support/workflow-bundle.js'

// Takes every path of the workflows against a real server and writes the histories that tests replay. Run it after a new
// path was added, never to make a failing replay pass: `npx tsx tools/record-histories.ts [NAME…]`.

const FOLDER = join(import.meta.dirname, '..', 'test', 'histories')

interface Recorded {
  readonly name: string
  readonly workflowId: string
}

type Scenario = (agent: TestAgent) => Promise<readonly Recorded[]>

const start = ({ client }: TestAgent, workflow: string, workflowId: string, argument: unknown) =>
  client.workflow.start(workflow, { taskQueue: taskQueues.orchestrator, workflowId, args: [argument] })

const startBackup = (agent: TestAgent, job: BackupJob, changes: Partial<BackupRunInput> = {}, attempt = 1) =>
  start(agent, 'backupRun', `backup/${job.plan}/${attempt}`, testRun(job, changes))

/** A plan that holds a service of its own. */
function held({ host }: TestAgent, plan: string, changes: Parameters<typeof testHold>[0] = {}) {
  const service = `command:${plan}`
  host.add(service)
  return { job: testJob(plan, testHold({ services: [service], ...changes })), guard: guardOf(service) }
}

const guardOf = (service: string) => workflowIds.guard(TEST_HOST, service)
const run = (plan: string, attempt = 1) => `backup/${plan}/${attempt}`
const isCaptured = ({ host }: TestAgent, source: string) =>
  until(`${source} is captured`, () => host.captures.some((input) => input.source.name === source))
const ended = (handle: WorkflowHandle) =>
  handle.result().then(
    () => undefined,
    () => undefined,
  )

const scenarios: Record<string, Scenario> = {
  ok: async (agent) => {
    const { job, guard } = held(agent, 'ok')
    await ended(await startBackup(agent, job))
    return [
      { name: 'backup-ok', workflowId: run('ok') },
      { name: 'guard-ok', workflowId: guard },
    ]
  },

  live: async (agent) => {
    await ended(await startBackup(agent, testJob('live')))
    return [{ name: 'backup-live', workflowId: run('live') }]
  },

  verified: async (agent) => {
    agent.host.onVerify.set('damaged', async () => ['a.tar is missing.'])
    agent.host.onVerify.set('unread', async () => {
      throw new HoldfastError('destination.denied', 'No rights.')
    })
    const plans = ['verified', 'damaged', 'unread']
    const plausibility = { size: 0.5, count: 0.5 }
    for (const plan of plans)
      await ended(
        await startBackup(agent, testJob(plan, undefined, { verifyAfter: 'readBack', plausibility })),
      )
    const { retention: _, ...job } = testJob('keeps-all')
    await ended(await startBackup(agent, job))
    return [...plans, 'keeps-all'].map((plan) => ({ name: `backup-${plan}`, workflowId: run(plan) }))
  },

  cancelled: async (agent) => {
    const { job, guard } = held(agent, 'cancelled')
    agent.host.onCapture.set('cancelled-data', hang)
    const handle = await startBackup(agent, job)
    await isCaptured(agent, 'cancelled-data')
    await handle.cancel()
    await ended(handle)
    return [
      { name: 'backup-cancelled', workflowId: run('cancelled') },
      { name: 'guard-released-early', workflowId: guard },
    ]
  },

  failed: async (agent) => {
    const { job } = held(agent, 'failed')
    agent.host.onCapture.set('failed-data', async () => {
      throw new HoldfastError('source.denied', 'No permission.')
    })
    await ended(await startBackup(agent, job))
    return [{ name: 'backup-failed', workflowId: run('failed') }]
  },

  repeated: async (agent) => {
    const { job } = held(agent, 'repeated')
    agent.host.onCapture.set('repeated-data', async ({ attempt }) => {
      if (attempt === 1) throw new HoldfastError('source.failed', 'Cut off.')
    })
    await ended(await startBackup(agent, job))
    return [{ name: 'backup-repeated', workflowId: run('repeated') }]
  },

  spool: async (agent) => {
    const names = ['spooled', 'spool-full', 'spool-lost', 'upload-failed', 'upload-cancelled']
    for (const name of names) agent.host.found.set(name, { route: 'spool' })
    agent.host.onCapture.set('spool-full-data', async ({ attempt }) => {
      if (attempt === 1) throw new HoldfastError('spool.full', 'The spool is full.')
    })
    let uploads = 0
    agent.host.onUpload.set('spool-lost-data', async () => {
      if (++uploads === 1) throw new HoldfastError('spool.lost', 'The worker has ended.')
    })
    agent.host.onUpload.set('upload-failed-data', async () => {
      throw new HoldfastError('destination.denied', 'No rights.')
    })
    agent.host.onUpload.set('upload-cancelled-data', hang)
    const handles = await Promise.all(names.map((name) => startBackup(agent, held(agent, name).job)))
    await until('it uploads', () => agent.host.uploads.some(({ plan }) => plan === 'upload-cancelled'))
    await handles.at(-1)?.cancel()
    await Promise.all(handles.map(ended))
    return names.map((name) => ({ name: `backup-${name}`, workflowId: run(name) }))
  },

  copies: async (agent) => {
    const destinations = ['disk', 'near', 'far']
    agent.host.onReplicate.set('far', async ({ plan }) => {
      if (plan === 'partial') throw new HoldfastError('destination.not-mounted', 'No marker.')
      return {}
    })
    for (const plan of ['copied', 'partial'])
      await ended(await startBackup(agent, testJob(plan, undefined, { destinations })))
    const wish = { plan: 'copied', site: 'home', from: 'disk', timezone: 'UTC', othersAtMost: 10 }
    const copies = ['near', 'far'].map((to) => ({ ...wish, to }))
    const workflowId = workflowIds.replicate('copied')
    await ended(
      await start(agent, 'replicateRun', workflowId, {
        host: TEST_HOST,
        plan: 'copied',
        site: 'home',
        copies,
      }),
    )
    return [
      { name: 'backup-copied', workflowId: run('copied') },
      { name: 'backup-partial', workflowId: run('partial') },
      { name: 'replicate', workflowId },
    ]
  },

  timeout: async (agent) => {
    const { job } = held(agent, 'timeout')
    agent.host.onCapture.set('timeout-data', hang)
    await ended(await startBackup(agent, { ...job, timeoutMs: 1500 }))
    return [{ name: 'backup-timeout', workflowId: run('timeout') }]
  },

  deadline: async (agent) => {
    const { job, guard } = held(agent, 'deadline', { maxDowntimeMs: 700 })
    agent.host.onCapture.set('deadline-data', (_, signal) => pause(1500, signal))
    await ended(await startBackup(agent, job))
    return [
      { name: 'backup-deadline', workflowId: run('deadline') },
      { name: 'guard-deadline', workflowId: guard },
    ]
  },

  'holder-gone': async (agent) => {
    const { job, guard } = held(agent, 'gone')
    agent.host.onCapture.set('gone-data', hang)
    const handle = await startBackup(agent, job)
    await isCaptured(agent, 'gone-data')
    await handle.terminate()
    return [{ name: 'guard-holder-gone', workflowId: guard }]
  },

  'guard-cancelled': async (agent) => {
    const { job, guard } = held(agent, 'stopper')
    agent.host.onCapture.set('stopper-data', (_, signal) => pause(1500, signal))
    const handle = await startBackup(agent, job)
    await isCaptured(agent, 'stopper-data')
    await agent.client.workflow.getHandle(guard).cancel()
    await ended(handle)
    return [{ name: 'guard-cancelled', workflowId: guard }]
  },

  'stop-fails': async (agent) => {
    const { job, guard } = held(agent, 'stop-fails')
    agent.host.onStop.set('command:stop-fails', async () => {
      throw new HoldfastError('docker.denied', 'No rights.')
    })
    await ended(await startBackup(agent, job))
    return [{ name: 'guard-stop-fails', workflowId: guard }]
  },

  shared: async (agent) => {
    const { job, guard } = held(agent, 'shared')
    const other = testJob('sharing', testHold({ services: ['command:shared'] }))
    agent.host.onCapture.set('shared-data', () => isCaptured(agent, 'sharing-data').then(() => undefined))
    agent.host.onCapture.set('sharing-data', (_, signal) => pause(1500, signal))
    const first = await startBackup(agent, job)
    await isCaptured(agent, 'shared-data')
    const second = await startBackup(agent, other)
    await Promise.all([ended(first), ended(second)])
    return [
      { name: 'guard-shared', workflowId: guard },
      { name: 'backup-held-by-others', workflowId: run('shared') },
    ]
  },

  waiting: async (agent) => {
    const job = testJob('waiting')
    agent.host.onCapture.set('waiting-live', (_, signal) => pause(1000, signal))
    const first = await startBackup(agent, job)
    await isCaptured(agent, 'waiting-live')
    const second = await startBackup(agent, job, {}, 2)
    const third = await startBackup(agent, job, { startedBy: 'schedule' }, 3)
    await Promise.all([first, second, third].map(ended))
    return [
      { name: 'backup-waited', workflowId: run('waiting', 2) },
      { name: 'backup-skipped', workflowId: run('waiting', 3) },
      { name: 'lock-queued', workflowId: workflowIds.planLock('waiting') },
    ]
  },

  restore: async (agent) => {
    const restored = await restore(agent, 'restored')
    agent.host.onSwap = async () => {
      throw new HoldfastError('restore.failed', 'The rename failed.')
    }
    const broken = await restore(agent, 'broken')
    agent.host.onSwap = async () => undefined
    await until('the alarm', () => agent.host.alarms.has('write-lease/command:broken'))
    return [
      { name: 'restore-ok', workflowId: restored },
      { name: 'restore-swap-failed', workflowId: broken },
      { name: 'guard-write-left-down', workflowId: guardOf('command:broken') },
    ]
  },

  'restore-ends': async (agent) => {
    const recorded: Recorded[] = []
    for (const verb of ['resume', 'undo'] as const) {
      agent.host.onSwap = async () => {
        throw new HoldfastError('restore.failed', 'The rename failed.')
      }
      const restoreId = (await restore(agent, `for-${verb}`)).slice('restore/'.length)
      agent.host.onSwap = async () => undefined
      await until('the alarm', () => agent.host.alarms.has(`write-lease/command:for-${verb}`))
      const workflowId = workflowIds.restoreAttempt(restoreId, 2)
      await ended(await start(agent, 'restoreEndRun', workflowId, { restoreId, host: TEST_HOST, verb }))
      recorded.push({ name: `restore-${verb}`, workflowId })
    }
    return recorded
  },

  verify: async (agent) => {
    const backup = (plan: string, destination = 'disk') => ({
      backupId: `20261120-013000-${plan}-abcdef`,
      destination,
    })
    const one = workflowIds.verify(backup('one').backupId)
    await ended(await start(agent, 'verifyRun', one, { host: TEST_HOST, reference: backup('one') }))

    agent.host.onVerify.set('unreadable', async () => {
      throw new HoldfastError('destination.denied', 'No rights.')
    })
    const plans = ['intact', 'unreadable']
    for (const plan of plans) {
      const chosen = [backup(plan), backup(plan)]
      agent.host.choices.set(plan, { chosen, of: 3, problems: [] })
      const places = { destinations: ['disk'], sample: { backups: 2 } }
      const job: VerifyJob = { jobVersion: 1, site: 'home', host: TEST_HOST, plan, ...places }
      await ended(await start(agent, 'verifyPlanRun', workflowIds.verifyPlan(plan), { job }))
    }
    const trial = workflowIds.rehearsal(backup('one').backupId)
    await ended(await start(agent, 'rehearsalRun', trial, { host: TEST_HOST, reference: backup('one') }))
    return [
      { name: 'rehearsal', workflowId: trial },
      { name: 'verify', workflowId: one },
      ...plans.map((plan) => ({ name: `verify-plan-${plan}`, workflowId: workflowIds.verifyPlan(plan) })),
    ]
  },

  rotation: async (agent) => {
    const of = (plan: string) => ({ destination: 'disk', place: 'p', plan, keyId: 'aa', own: 2, others: 0 })
    const hosts = [{ host: TEST_HOST, fromId: 'aa', toId: 'bb' }]
    const job = { site: 'home', to: 'new', planHosts: {}, hosts }
    agent.host.keyUses = [of('one'), of('two')]
    const rotated = workflowIds.rotate('old')
    await ended(await start(agent, 'rotateRun', rotated, { ...job, from: 'old' }))

    agent.host.keyUses = [of('locked'), of('denied')]
    const problems = ['It is locked.']
    agent.host.onRewrap.set('locked', async () => ({ rewrapped: 0, left: 2, problems }))
    agent.host.onRewrap.set('denied', async () => {
      throw new HoldfastError('destination.denied', 'No rights.')
    })
    const left = workflowIds.rotate('left')
    await ended(await start(agent, 'rotateRun', left, { ...job, from: 'left' }))

    agent.host.keyUses = []
    agent.host.onCapture.set('encrypted-live', (_, signal) => pause(3000, signal))
    const backup = { ...testJob('encrypted'), encryption: { keys: ['waited'] } }
    const running = await startBackup(agent, backup)
    await isCaptured(agent, 'encrypted-live')
    const waited = workflowIds.rotate('waited')
    await ended(await start(agent, 'rotateRun', waited, { ...job, from: 'waited' }))
    await ended(running)
    return [
      { name: 'rotate', workflowId: rotated },
      { name: 'rotate-partial', workflowId: left },
      { name: 'rotate-waited', workflowId: waited },
    ]
  },

  others: async (agent) => {
    const retention = {
      plan: 'kept',
      site: 'home',
      destination: 'disk',
      rules: { minimum: 1 },
      timezone: 'UTC',
    }
    const ask = { question: 'listBackups', arguments: [{ filter: {} }] }
    const ids = { retention: workflowIds.retention('kept') }
    await ended(
      await start(agent, 'retentionRun', ids.retention, {
        ...{ host: TEST_HOST, plan: 'kept', site: 'home', retentions: [retention] },
      }),
    )
    await ended(await start(agent, 'question', 'question/answered', { host: TEST_HOST, ask }))
    await ended(await start(agent, 'question', 'question/unanswered', { host: 'nobody', ask }))
    return [
      { name: 'retention', workflowId: ids.retention },
      { name: 'question', workflowId: 'question/answered' },
      { name: 'question-unanswered', workflowId: 'question/unanswered' },
    ]
  },
}

async function restore(agent: TestAgent, plan: string): Promise<string> {
  const service = `command:${plan}`
  agent.host.add(service)
  const backupId = `20261120-013000-${plan}-abcdef`
  const restoreId = `${backupId}/1`
  agent.host.previews.set(restoreId, {
    ...{ backupId, destination: 'disk', plan, host: TEST_HOST, takenAt: '', warnings: [] },
    items: [{ source: 'data', type: 'files', effects: [], bytes: 1, notCaptured: 0 }],
    hold: testHold({ services: [service] }),
  })
  const workflowId = workflowIds.restore(restoreId)
  const request = { reference: { backupId } }
  await ended(await start(agent, 'restoreRun', workflowId, { request, restoreId, host: TEST_HOST }))
  return workflowId
}

/** What differs from machine to machine, and what no replay looks at. */
const withoutMachine = (key: string, value: unknown): unknown =>
  ['identity', 'stackTrace', 'workerVersion', 'requestId'].includes(key) ? undefined : value

/** Closed workflows only: one that goes on has no last word to compare. */
async function save(client: Client, { name, workflowId }: Recorded): Promise<void> {
  const handle = client.workflow.getHandle(workflowId)
  await until(`${workflowId} has closed`, async () => (await handle.describe()).status.name !== 'RUNNING')
  const { status } = await handle.describe()
  const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()), withoutMachine)
  await writeFile(join(FOLDER, `${name}.json`), `${JSON.stringify({ workflowId, history })}\n`)
  console.log(`${name}: ${workflowId} ${status.name.toLowerCase()}`)
}

const wanted = process.argv.slice(2)
await mkdir(FOLDER, { recursive: true })
const [temporal, bundle] = await Promise.all([startTemporal(), bundleFromSources()])
const agent = await startTestAgent(temporal, bundle)
try {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    for (const recorded of await scenario(agent)) await save(agent.client, recorded)
  }
} finally {
  await agent.close()
  await temporal.stop()
}
