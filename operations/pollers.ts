import type { Client } from '@temporalio/client'
import { asking } from './temporal-errors.js'

/** Of temporal.api.enums.v1.TaskQueueType. */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const

/** A worker asks at least once a minute; Temporal remembers it for five, a dead one too. */
const SEEN_WITHIN_MS = 90_000

/** Who asked for work of this queue lately, by the identities of the workers. */
export async function pollersOf(
  client: Client,
  queue: { readonly taskQueue: string; readonly type: keyof typeof TASK_QUEUE_TYPE },
  now: Date,
): Promise<readonly string[]> {
  return asking(`task queue ${queue.taskQueue}`, async () => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: queue.taskQueue },
      taskQueueType: TASK_QUEUE_TYPE[queue.type],
    })
    return (pollers ?? [])
      .filter(
        ({ lastAccessTime }) => now.getTime() - Number(lastAccessTime?.seconds ?? 0) * 1000 < SEEN_WITHIN_MS,
      )
      .flatMap(({ identity }) => (identity == null || identity === '' ? [] : [identity]))
  })
}
