import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { leaseActivities } from '../../activities/lease.js'
import type { Tools } from '../../activities/tools.js'
import { connectClientTo } from '../../temporal/connection.js'
import { runActivity } from '../fakes/activity.js'
import { startFaultyProxy } from '../support/faulty-proxy.js'
import { describeWith } from '../support/needs.js'
import { startTemporal, type TestTemporal } from '../support/temporal.js'

/** Longer than the pause between two questions. */
const OUTAGE_MS = 2500

describeWith(['temporal'], 'the watch of a holder', () => {
  let temporal: TestTemporal
  let direct: Client

  beforeAll(async () => {
    temporal = await startTemporal()
    const { address, namespace } = temporal
    direct = new Client({ connection: await Connection.connect({ address }), namespace })
  })
  afterAll(async () => {
    await direct.connection.close()
    await temporal.stop()
  })

  test('goes on while the server is away, and says how the holder ended', async () => {
    const port = Number(temporal.address.split(':')[1])
    const before = await startFaultyProxy(port, () => undefined)
    const holder = await direct.workflow.start('holder', { workflowId: 'held-on', taskQueue: 'nobody' })
    const { client, close } = await connectClientTo(
      { kind: 'external', address: `127.0.0.1:${before.port}`, namespace: temporal.namespace },
      { retries: false },
    )
    const { watchHolder } = leaseActivities({ client } as Tools)

    const watch = runActivity(watchHolder, holder.workflowId, holder.firstExecutionRunId)
    await before.close()
    await delay(OUTAGE_MS)
    const after = await startFaultyProxy(port, () => undefined, before.port)
    await holder.terminate()

    expect(await watch).toBe('terminated')
    await close()
    await after.close()
  })
})
