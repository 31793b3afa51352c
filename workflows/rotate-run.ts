import { CancellationScope, continueAsNew, upsertSearchAttributes } from '@temporalio/workflow'
import { errorOf } from '../core/failure.js'
import {
  planRotation,
  type RotationHost,
  type RotationJob,
  type RotationPlan,
  type RotationStep,
  type SeenUses,
} from '../core/rotation.js'
import {
  dueSteps,
  reportOfRotation,
  withTried,
  type RewrapReport,
  type RotationReport,
  type SeenKept,
  type TriedStep,
} from '../core/rotation-steps.js'
import { dataActivities, questionActivities, waitActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'
import { openInbox, type Inbox } from './steps/inbox.js'
import { progressBoard, type ProgressBoard } from './steps/progress-board.js'
import { rotationDetails } from './steps/rotation-details.js'
import { whilePlanIsOurs } from './steps/while-locked.js'

export interface RotateRunInput extends RotationJob {
  /** What executions before this one have done. Left out: this is the first. */
  readonly tried?: readonly TriedStep[]
  /** Left out: as many as a history bears. */
  readonly plansByOneExecution?: number
}

/** A plan costs some thirty events of a history, which ends at 50,000 and is slow to replay long before. */
const PLANS_BY_ONE_EXECUTION = 100

interface Rotation {
  readonly job: RotationJob
  readonly inbox: Inbox
  readonly board: ProgressBoard
}

/**
 * Wraps the data keys of all backups of a site by another key. Looks, wraps, and looks again, until a list of all places that
 * was made after the last run with the old key has nothing left to do. One place that fails keeps no other from its turn.
 */
export async function rotateRun(input: RotateRunInput): Promise<RotationReport> {
  const { tried: before = [], plansByOneExecution = PLANS_BY_ONE_EXECUTION, ...job } = input
  const { site, from, to } = job
  upsertSearchAttributes(attributes({ site, host: leading(job), kind: 'rotate' }))
  const board = progressBoard(`rotation of ${from}`, `${from} → ${to}`, [])
  const rotation: Rotation = { job, board, inbox: openInbox() }
  let tried = before
  let plans = 0
  for (;;) {
    await waitForKeyRuns(rotation)
    board.enter('looking')
    const seen = await lookEverywhere(job)
    const plan = planRotation(job, seen)
    const due = dueSteps(plan.steps, tried)
    if (due.length === 0) return conclude(rotation, { plan, seen, tried })
    board.enter('rewrapping')
    for (const steps of byPlan(due).slice(0, plansByOneExecution - plans)) {
      tried = await rewrapPlan(rotation, steps, tried)
      plans++
    }
    if (plans >= plansByOneExecution) return continueAsNew<typeof rotateRun>({ ...input, tried })
  }
}

/** Asks and waits for all: the host that is named first. */
const leading = ({ hosts: [first] }: RotationJob): string => first?.host ?? ''

/**
 * A run keeps to the plan that it was started with, and may not have written anything yet: until it ends, no list is the last.
 */
async function waitForKeyRuns({ job, board }: Rotation): Promise<void> {
  const { findKeyRuns, watchHolder } = waitActivities(leading(job))
  const runs = await findKeyRuns({ site: job.site, key: job.from })
  if (runs.length === 0) return
  board.wait(runs.map(({ workflowId }) => workflowId))
  for (const { workflowId, runId } of runs) await watchHolder(workflowId, runId)
  board.wait([])
}

const lookEverywhere = (job: RotationJob): Promise<readonly SeenUses[]> =>
  ofEachHost(
    job,
    (ask) => ask.findKeyUses({ keyIds: oldIds(job) }),
    (host, problems) => ({ host, uses: [], problems }),
  )

const lookForKept = (job: RotationJob): Promise<readonly SeenKept[]> =>
  ofEachHost(
    job,
    (ask) => ask.findKeptWraps({ keyIds: oldIds(job) }),
    (host, problems) => ({ host, kept: [], problems }),
  )

/** A host that does not answer is one of the problems: the others have their turn. */
const ofEachHost = <T>(
  { hosts }: RotationJob,
  look: (ask: ReturnType<typeof questionActivities>) => Promise<T>,
  unseen: (host: string, problems: readonly string[]) => T,
): Promise<readonly T[]> =>
  Promise.all(
    hosts.map(({ host }) =>
      otherwise(
        () => look(questionActivities(host, 'step')),
        (problem) => unseen(host, [`Host "${host}" was not asked: ${problem}`]),
      ),
    ),
  )

const oldIds = ({ hosts }: RotationJob): readonly string[] => [
  ...new Set(hosts.flatMap(({ fromId }: RotationHost) => fromId ?? [])),
]

function byPlan(steps: readonly RotationStep[]): readonly (readonly RotationStep[])[] {
  const plans = new Map<string, RotationStep[]>()
  for (const step of steps) plans.set(step.plan, [...(plans.get(step.plan) ?? []), step])
  return [...plans.values()]
}

/** Everything of one plan under its lock: nobody makes, copies or removes its backups meanwhile. */
async function rewrapPlan(
  { job, inbox, board }: Rotation,
  steps: readonly RotationStep[],
  before: readonly TriedStep[],
): Promise<readonly TriedStep[]> {
  const [{ plan, host } = { plan: '', host: '' }] = steps
  return whilePlanIsOurs(
    inbox,
    { plan, purpose: `rotation of ${job.from} for ${plan}`, host, onWait: board.wait },
    async () => {
      let tried = before
      for (const step of steps) tried = withTried(tried, step, await rewrap(job, step))
      return tried
    },
  )
}

function rewrap(
  { site, from, to }: RotationJob,
  { host, plan, destination, backups, fromId, toId }: RotationStep,
): Promise<RewrapReport> {
  const input = {
    ...{ site, plan, destination },
    from: { name: from, keyId: fromId },
    to: { name: to, keyId: toId },
  }
  const summary = `${backups} of ${plan} at ${destination}`
  return otherwise(
    () => dataActivities(host).rewrap.executeWithOptions({ summary }, [input]),
    (problem) => ({ rewrapped: 0, left: backups, problems: [problem] }),
  )
}

async function conclude(
  { job, board }: Rotation,
  found: {
    readonly plan: RotationPlan
    readonly seen: readonly SeenUses[]
    readonly tried: readonly TriedStep[]
  },
): Promise<RotationReport> {
  const report = reportOfRotation({ job, ...found, kept: await lookForKept(job) })
  upsertSearchAttributes(attributes({ outcome: report.outcome }))
  board.conclude(rotationDetails(report))
  return report
}

/** What is expected to fail says why instead; a cancellation and a bug are neither. */
async function otherwise<T>(work: () => Promise<T>, answer: (problem: string) => T): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (CancellationScope.current().consideredCancelled) throw thrown
    const error = errorOf(thrown)
    if (error === undefined) throw thrown
    return answer(error.message)
  }
}
