import type { Client, WorkflowHandle } from '@temporalio/client'
import type { QuestionActivities } from '../activities/activities.js'
import { HoldfastError } from '../core/errors.js'
import { taskQueues, workflowIds } from '../core/ids.js'
import type { Answer, QuestionInput } from '../workflows/question.js'
import { pollersOf } from './pollers.js'
import type { OperationsWorld } from './session.js'
import { asking } from './temporal-errors.js'

type QuestionName = keyof QuestionActivities

/** How to reach workers. */
export interface Asker {
  readonly client: Client
  readonly world: Pick<OperationsWorld, 'clock' | 'uuid' | 'sleep'>
}

/** A worker that is there takes up a workflow within milliseconds; one that restarts, within this. */
const TAKE_UP_LIMIT_MS = 15_000

/** Events of a workflow that no worker has begun: started, first task scheduled. */
const EVENTS_BEFORE_FIRST_TASK = 2

/** Asks one host's worker; only workers see destinations. Fails with `agent.offline` when none answers. */
export async function askHost<Q extends QuestionName>(
  asker: Asker,
  host: string,
  name: Q,
  ...args: Parameters<QuestionActivities[Q]>
): Promise<Answer<Q>> {
  const { client, world } = asker
  return asking(`the question to host "${host}"`, async () => {
    if ((await orchestrators(asker)).length === 0) throw nobodyOrchestrates()
    const input = { host, ask: { question: name, arguments: args } } as unknown as QuestionInput
    const handle = await client.workflow.start('question', {
      workflowId: workflowIds.question(world.uuid()),
      taskQueue: taskQueues.orchestrator,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${name} on ${host}`,
    })
    return (await answerOf(asker, handle)) as Answer<Q>
  })
}

/** Who takes up workflows, by the identities of the workers. */
export const orchestrators = ({ client, world }: Asker): Promise<readonly string[]> =>
  pollersOf(client, { taskQueue: taskQueues.orchestrator, type: 'workflow' }, world.clock())

/** The answer, unless no worker takes up the question: a person waits, and a question has no time limit of its own. */
async function answerOf({ world }: Asker, handle: WorkflowHandle): Promise<unknown> {
  const answered = new AbortController()
  let isGivenUp = false
  const answer = (handle.result() as Promise<unknown>)
    .catch((error: unknown) => {
      throw isGivenUp ? nobodyOrchestrates() : error
    })
    .finally(() => answered.abort())
  // It may end after nobody waits for it any more.
  answer.catch(() => undefined)
  const abandoned = world.sleep(TAKE_UP_LIMIT_MS, answered.signal).then(async () => {
    if (answered.signal.aborted) return answer
    const { historyLength } = await handle.describe()
    if (historyLength > EVENTS_BEFORE_FIRST_TASK) return answer
    isGivenUp = true
    try {
      await handle.terminate('Nobody took it up in time; whoever asked has gone.')
    } catch {
      // It has just been answered.
      isGivenUp = false
      return answer
    }
    throw nobodyOrchestrates()
  })
  return Promise.race([answer, abandoned])
}

const nobodyOrchestrates = () =>
  new HoldfastError('agent.offline', 'Temporal answers, but no worker takes up what it is asked to do.', {
    hint: 'Start the agent with `holdfast up`; `holdfast status` shows which workers are connected.',
  })

/** What several hosts answered, and why others did not. */
export interface Answers<T> {
  readonly answers: readonly { readonly host: string; readonly answer: T }[]
  readonly failures: readonly { readonly host: string; readonly error: HoldfastError }[]
}

/** Asks all hosts at once. Expected failures are told beside the answers; bugs are thrown. */
export async function askHosts<T>(
  hosts: readonly string[],
  question: (host: string) => Promise<T>,
): Promise<Answers<T>> {
  const settled = await Promise.allSettled(
    hosts.map(async (host) => ({ host, answer: await question(host) })),
  )
  const failures = settled.flatMap((one, index) => {
    if (one.status === 'fulfilled') return []
    if (!(one.reason instanceof HoldfastError)) throw one.reason
    return [{ host: hosts[index] ?? '', error: one.reason }]
  })
  return { answers: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])), failures }
}
