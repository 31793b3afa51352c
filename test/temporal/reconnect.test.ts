import { setTimeout as delay } from 'node:timers/promises'
import { connectClientTo, type ClientConnection } from '../../temporal/connection.js'
import { startFaultyProxy } from '../support/faulty-proxy.js'
import { describeWith } from '../support/needs.js'
import { startTemporal, type TestTemporal } from '../support/temporal.js'
import { until } from '../support/until.js'

/** By then gRPC, left to itself, waits four seconds between two attempts, and ever longer. */
const OUTAGE_MS = 6000
const BACK_WITHIN_MS = 2000

describeWith(['temporal'], 'a server that was away', () => {
  let temporal: TestTemporal
  let client: ClientConnection | undefined

  beforeAll(async () => {
    temporal = await startTemporal()
  })
  afterAll(async () => {
    await client?.close()
    await temporal.stop()
  })

  test('is spoken to again soon after it is back, by who asked it all the time', async () => {
    const port = Number(temporal.address.split(':')[1])
    const before = await startFaultyProxy(port, () => undefined)
    const { namespace } = temporal
    client = await connectClientTo(
      { kind: 'external', address: `127.0.0.1:${before.port}`, namespace },
      { retries: false },
    )
    const answers = () =>
      client!.client.workflowService.describeNamespace({ namespace }).then(
        () => true,
        () => false,
      )
    expect(await answers()).toBe(true)

    await before.close()
    for (const end = Date.now() + OUTAGE_MS; Date.now() < end; await delay(100))
      expect(await answers()).toBe(false)
    const after = await startFaultyProxy(port, () => undefined, before.port)

    await until('it answers', answers, BACK_WITHIN_MS)
    await client.close()
    client = undefined
    await after.close()
  })
})
