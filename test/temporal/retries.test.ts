import { Connection } from '@temporalio/client'
import { createRetries } from '../../temporal/retries.js'

// A retry on a connection that was closed would be an exception that nobody can catch: it would fail the test that runs then.

test('a call that waits for its retry outlives neither its connection nor the process', async () => {
  const retries = createRetries()
  const connection = Connection.lazy({ address: '127.0.0.1:9', interceptors: [retries.interceptor] })
  const call = connection.workflowService.describeNamespace({ namespace: 'any' })
  const failed = expect(call).rejects.toThrow('UNAVAILABLE')
  await connection.withDeadline(Date.now() + 200, () =>
    connection.workflowService.describeNamespace({ namespace: 'any' }).catch(() => undefined),
  )

  await retries.end()
  await connection.close()

  await failed
})

test('who never had to try again waits for nothing at the end', async () => {
  await createRetries().end()
})
