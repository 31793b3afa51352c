import { ActivityFailure, TimeoutFailure, type TimeoutType } from '@temporalio/common'
import { wasNeverTaken } from '../../core/failure.js'

const timedOut = (type: TimeoutType, before?: Error): ActivityFailure => {
  const timeout = new TimeoutFailure('activity timeout', undefined, type)
  if (before !== undefined) Object.assign(timeout, { cause: before })
  return new ActivityFailure('failed', 'swapRestore', '1', 'NON_RETRYABLE_FAILURE', 'us', timeout)
}

test('what no worker took in time was never taken', () => {
  expect(wasNeverTaken(timedOut('SCHEDULE_TO_START'))).toBe(true)
})

test.each<[string, unknown]>([
  ['of a worker that was lost', timedOut('HEARTBEAT')],
  ['that took too long', timedOut('START_TO_CLOSE')],
  ['with an earlier attempt', timedOut('SCHEDULE_TO_START', new Error('The rename failed.'))],
  ['whose failure comes of a timeout', new Error('failed', { cause: timedOut('SCHEDULE_TO_START') })],
])('an activity %s may have been taken', (_, failure) => {
  expect(wasNeverTaken(failure)).toBe(false)
})
