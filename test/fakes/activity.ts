import type { Info } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'

const silent = new DefaultLogger('ERROR', () => undefined)

/** An activity's surroundings as a worker has them: something to heartbeat to, and to be cancelled by. */
export const activityEnvironment = (info?: Partial<Info>): MockActivityEnvironment =>
  new MockActivityEnvironment(info, { logger: silent })

export const runActivity = <A extends unknown[], R>(
  activity: (...given: A) => Promise<R>,
  ...given: A
): Promise<R> => activityEnvironment().run(activity, ...given)
