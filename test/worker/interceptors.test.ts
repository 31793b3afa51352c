import { CompleteAsyncError } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { HoldfastError } from '../../core/errors.js'
import { errorOf } from '../../core/failure.js'
import { toFailure } from '../../worker/interceptors.js'
import { fakeLog } from '../fakes/log.js'

const context = (signal = new AbortController().signal) => ({
  info: { activityType: 'capture', attempt: 2 } as never,
  cancellationSignal: signal,
})
const redact = (text: string) => text.replaceAll('hunter2', '[redacted]')
const options = () => ({ log: fakeLog(), redact })
const aborted = AbortSignal.abort()

test('an expected error arrives as what it is, without what may be a secret', () => {
  const thrown = new HoldfastError('database.denied', 'login with hunter2 failed', {
    hint: 'not hunter2',
    details: { url: ['postgres://u:hunter2@h'], port: 5432 },
  })

  const failure = toFailure(thrown, context(), options()) as ApplicationFailure

  expect(failure).toMatchObject({ type: 'database.denied', nonRetryable: true })
  expect(JSON.stringify(failure)).not.toContain('hunter2')
  expect(errorOf(failure)).toMatchObject({
    code: 'database.denied',
    message: 'login with [redacted] failed',
    hint: 'not [redacted]',
    details: { url: ['postgres://u:[redacted]@h'], port: 5432 },
  })
})

test('a bug says only its kind to Temporal, and the whole to the log', () => {
  const { log, redact: hide } = options()
  const thrown = Object.assign(new TypeError('hunter2 is not a function at /srv/private'), {
    code: 'ENOTDIR',
  })

  const failure = toFailure(thrown, context(), { log, redact: hide }) as ApplicationFailure

  expect(failure).toMatchObject({ type: 'bug', nonRetryable: false })
  expect(failure.message).toBe('Unexpected TypeError ENOTDIR in capture: the log of the worker has it whole.')
  expect(JSON.stringify(failure)).not.toMatch(/hunter2|private/)
  expect(JSON.stringify(log.lines)).toContain('is not a function at /srv/private')
  expect(JSON.stringify(log.lines)).not.toContain('hunter2')
})

test.each([
  ['an aborted stream', Object.assign(new Error('stopped'), { name: 'AbortError' })],
  [
    'what was wrapped around it',
    new HoldfastError('source.failed', 'pg_dump ended', { cause: abortError() }),
  ],
  ['what a signal gives as its reason', new Error('outer', { cause: abortError() })],
])('%s is a cancellation when the activity was cancelled', (_, thrown) => {
  expect(toFailure(thrown, context(aborted), options())).toBeInstanceOf(CancelledFailure)
})

test('an abort that nobody asked for is a bug, and an expected error stays one when cancelled', () => {
  expect(toFailure(abortError(), context(), options())).toMatchObject({ type: 'bug' })
  expect(toFailure(new HoldfastError('destination.full', 'full'), context(aborted), options())).toMatchObject(
    {
      type: 'destination.full',
    },
  )
})

test.each([
  new CancelledFailure('cancelled'),
  new CompleteAsyncError(),
  ApplicationFailure.create({ type: 'x' }),
])('what is Temporal’s own passes through: %s', (thrown) => {
  expect(toFailure(thrown, context(), options())).toBe(thrown)
})

test('a message of any length fits into a failure', () => {
  const thrown = new HoldfastError('source.failed', 'x'.repeat(100_000), {
    details: { output: 'y'.repeat(100_000) },
  })

  const failure = toFailure(thrown, context(), options()) as ApplicationFailure

  expect(JSON.stringify([failure.message, failure.details]).length).toBeLessThan(4000)
})

function abortError(): Error {
  return Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' })
}
