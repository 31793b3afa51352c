import { defaultPayloadConverter } from '@temporalio/common'
import type { Client } from '@temporalio/client'
import type { BackupRunInput } from '../core/job.js'
import { searchAttributes } from '../core/messages.js'
import type { KeyRun, WaitActivities } from './activities.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** More than go on at a time on any site. */
const MOST_RUNS = 10_000

/** Asks Temporal what runs were asked to do: a run keeps to the plan that it was started with. */
export const findKeyRunsActivities = ({
  client,
}: Pick<Tools, 'client'>): Pick<WaitActivities, 'findKeyRuns'> => ({
  findKeyRuns: ({ site, key }) => withHeartbeat(() => findKeyRuns(client, site, key)),
})

async function findKeyRuns(client: Client, site: string, key: string): Promise<readonly KeyRun[]> {
  const query = `${searchAttributes.site} = '${site.replaceAll("'", "''")}' AND WorkflowType = 'backupRun' AND ExecutionStatus = 'Running'`
  const runs: KeyRun[] = []
  let seen = 0
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    if (++seen > MOST_RUNS) break
    const input = await inputOf(client, { workflowId, runId })
    if (input?.job.encryption?.keys.includes(key) === true) runs.push({ workflowId, runId })
  }
  return runs
}

/** From the first event of its history: nothing else keeps what a run was given. Undefined for a run that has closed and is gone. */
async function inputOf(
  { workflowService, options }: Client,
  execution: KeyRun,
): Promise<BackupRunInput | undefined> {
  const { history } = await workflowService.getWorkflowExecutionHistory({
    ...{ namespace: options.namespace, execution, maximumPageSize: 1 },
  })
  const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]
  return payload == null ? undefined : defaultPayloadConverter.fromPayload<BackupRunInput>(payload)
}
