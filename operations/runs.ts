import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import pLimit from 'p-limit'
import { HoldfastError } from '../core/errors.js'
import { parseBackupId, taskQueues, workflowIds } from '../core/ids.js'
import type { BackupRunInput } from '../core/job.js'
import type { BackupRunResult } from '../core/work/runs.js'
import { searchAttributes } from '../core/messages.js'
import { equals, searchAttributePairs, type RunKind } from './search-attributes.js'
import { asking, isAlreadyThere, isNotFound } from './temporal-errors.js'

/** One run and no other: a workflow id may be used again. */
export interface RunReference {
  readonly workflowId: string
  readonly runId: string
}

/** A run whose result is a `T`. */
export interface StartedRun<T> extends RunReference {
  /** Never there: it carries the type. */
  readonly result?: T
}

export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out'

export interface RunSummary extends RunReference {
  readonly kind: RunKind
  readonly plan?: string
  readonly host?: string
  readonly backupId?: string
  readonly status: RunStatus
  /** As the run itself judged it, or how it ended without coming to that; left out while it goes on. */
  readonly outcome?: string
  readonly startedAt: string
  readonly closedAt?: string
}

/** Workflows that people call runs, by what they do. */
const RUN_WORKFLOWS: Readonly<Record<string, RunKind>> = {
  backupRun: 'backup',
  restoreRun: 'restore',
  restoreEndRun: 'restore',
  replicateRun: 'replicate',
  retentionRun: 'retention',
  rotateRun: 'rotate',
  rehearsalRun: 'verify',
  verifyPlanRun: 'verify',
  verifyRun: 'verify',
}

/** Starts a backup now. It lasts on its own: neither this process nor the network to Temporal needs to. */
export async function startBackup(
  client: Client,
  input: BackupRunInput & { readonly backupId: string },
): Promise<StartedRun<BackupRunResult>> {
  const { job, backupId } = input
  return startRun(client, {
    workflow: 'backupRun',
    workflowId: workflowIds.backup(job.plan, backupId),
    argument: input,
    summary: `Backup of ${job.plan}${input.description === undefined ? '' : `: ${input.description}`}`,
    attributes: { site: job.site, host: job.host, plan: job.plan, kind: 'backup', backup: backupId },
  })
}

export interface RunStart {
  readonly workflow:
    | 'backupRun'
    | 'restoreRun'
    | 'restoreEndRun'
    | 'replicateRun'
    | 'retentionRun'
    | 'rotateRun'
    | 'rehearsalRun'
    | 'verifyPlanRun'
    | 'verifyRun'
  readonly workflowId: string
  readonly argument: unknown
  readonly summary: string
  /** Whether an id may be used again when its run has ended. Default: `start-again`. */
  readonly onClosed?: 'start-again' | 'fail'
  readonly attributes: Parameters<typeof searchAttributePairs>[0]
}

/** Temporal's limit of a summary. */
const MAX_SUMMARY_LENGTH = 200

/**
 * Starts a run. Fails with `lock.taken` while one of this id is going on. Without time limits of Temporal: they would
 * end a run without its cleanup.
 */
export async function startRun(client: Client, start: RunStart): Promise<RunReference> {
  return asking(start.workflowId, async () => {
    try {
      const handle = await client.workflow.start(start.workflow, {
        workflowId: start.workflowId,
        taskQueue: taskQueues.orchestrator,
        args: [start.argument],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: start.onClosed === 'fail' ? 'REJECT_DUPLICATE' : 'ALLOW_DUPLICATE',
        typedSearchAttributes: searchAttributePairs(start.attributes),
        staticSummary: start.summary.slice(0, MAX_SUMMARY_LENGTH),
      })
      return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId }
    } catch (thrown) {
      if (!isAlreadyThere(thrown)) throw thrown
      throw new HoldfastError('lock.taken', `${start.workflowId} was started already.`, {
        hint: `Wait for it with \`holdfast run watch ${start.workflowId}\`, or cancel it.`,
        cause: thrown,
      })
    }
  })
}

export interface RunFilter {
  readonly site: string
  readonly plan?: string
  readonly kind?: RunKind
  readonly only?: 'running'
  readonly limit: number
}

/** Questions to Temporal at the same time. */
const PARALLEL = 8

/** The newest runs of the site, newest first. What started within the last second may still be missing. */
export async function listRuns(client: Client, filter: RunFilter): Promise<readonly RunSummary[]> {
  const workflows = Object.keys(RUN_WORKFLOWS).filter(
    (workflow) => filter.kind === undefined || RUN_WORKFLOWS[workflow] === filter.kind,
  )
  const query = [
    equals('site', filter.site),
    `WorkflowType IN (${workflows.map((workflow) => `'${workflow}'`).join(', ')})`,
    ...(filter.plan === undefined ? [] : [equals('plan', filter.plan)]),
    ...(filter.only === undefined ? [] : ["ExecutionStatus = 'Running'"]),
  ].join(' AND ')
  return asking('the list of runs', async () => {
    const runs: RunSummary[] = []
    for await (const info of client.workflow.list({ query, pageSize: Math.min(filter.limit, 100) })) {
      runs.push(summaryOfRun(info))
      if (runs.length >= filter.limit) break
    }
    return runs
  })
}

/** The newest run of each of the plans that has one, by name of the plan. */
export async function newestRuns(
  client: Client,
  { plans, ...filter }: Pick<RunFilter, 'site' | 'kind'> & { readonly plans: readonly string[] },
): Promise<ReadonlyMap<string, RunSummary>> {
  const limit = pLimit(PARALLEL)
  const newest = await limit.map(plans, (plan) => listRuns(client, { ...filter, plan, limit: 1 }))
  return new Map(newest.flat().flatMap((run) => (run.plan === undefined ? [] : [[run.plan, run]])))
}

/** A run by its workflow id or by the id of its backup. Fails with `run.not-found`. */
export async function findRun(client: Client, id: string): Promise<RunSummary> {
  return asking(`run ${id}`, async () => {
    for (const workflowId of candidateWorkflowIds(id)) {
      const found = await describeIfThere(client, workflowId)
      if (found !== undefined && found.type in RUN_WORKFLOWS) return summaryOfRun(found)
    }
    const query = `${equals('backup', id)} AND WorkflowType = 'backupRun'`
    for await (const info of client.workflow.list({ query, pageSize: 1 })) return summaryOfRun(info)
    throw new HoldfastError('run.not-found', `There is no run "${id}".`, {
      hint: '`holdfast run list` shows the runs that Temporal still knows.',
    })
  })
}

/** Asks the run to stop; it starts its services again and cleans up before it ends. */
export async function cancelRun(client: Client, run: RunReference): Promise<void> {
  await asking(run.workflowId, () => client.workflow.getHandle(run.workflowId, run.runId).cancel())
}

function candidateWorkflowIds(id: string): readonly string[] {
  if (id.includes('/')) return [id]
  const backup = parseBackupId(id)
  return backup === undefined ? [] : [workflowIds.backup(backup.plan, id)]
}

async function describeIfThere(
  client: Client,
  workflowId: string,
): Promise<WorkflowExecutionInfo | undefined> {
  try {
    const { raw, ...info } = await client.workflow.getHandle(workflowId).describe()
    return { ...info, raw: raw.workflowExecutionInfo ?? {} }
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}

export function summaryOfRun(info: WorkflowExecutionInfo): RunSummary {
  const attribute = (name: keyof typeof searchAttributes): string | undefined => {
    const value = info.searchAttributes[searchAttributes[name]]?.[0]
    return typeof value === 'string' ? value : undefined
  }
  const status = statusOf(info.status.name)
  const [plan, host, backupId] = [attribute('plan'), attribute('host'), attribute('backup')]
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    kind: RUN_WORKFLOWS[info.type] ?? 'backup',
    status,
    startedAt: info.startTime.toISOString(),
    ...(plan === undefined ? {} : { plan }),
    ...(host === undefined ? {} : { host }),
    ...(backupId === undefined ? {} : { backupId }),
    ...outcomeOf(status, attribute('outcome')),
    ...(info.closeTime === undefined ? {} : { closedAt: info.closeTime.toISOString() }),
  }
}

/** A run that was terminated or lost its worker's word could not judge itself. */
function outcomeOf(status: RunStatus, judged: string | undefined): Pick<RunSummary, 'outcome'> {
  if (status === 'running') return {}
  if (status === 'completed') return judged === undefined ? {} : { outcome: judged }
  return { outcome: status === 'cancelled' ? 'cancelled' : 'failed' }
}

function statusOf(name: WorkflowExecutionInfo['status']['name']): RunStatus {
  switch (name) {
    case 'COMPLETED':
      return 'completed'
    case 'FAILED':
      return 'failed'
    case 'CANCELLED':
      return 'cancelled'
    case 'TERMINATED':
      return 'terminated'
    case 'TIMED_OUT':
      return 'timed-out'
    case 'RUNNING':
    case 'PAUSED':
    case 'CONTINUED_AS_NEW':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return 'running'
  }
}
