import { MockActivityEnvironment } from '@temporalio/testing'

/** Runs an activity as a worker would: with a context to heartbeat to, and to be cancelled by. */
export const runActivity = <A extends unknown[], R>(
  activity: (...given: A) => Promise<R>,
  ...given: A
): Promise<R> => new MockActivityEnvironment().run(activity, ...given)
