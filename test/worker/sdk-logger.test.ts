import { createSdkLogger } from '../../worker/sdk-logger.js'
import { fakeLog } from '../fakes/log.js'

const RETRY = { sdkComponent: 'core', target: 'temporalio_client::retry' }

function logger() {
  let nowMs = Date.parse('2026-11-22T10:00:00Z')
  const log = fakeLog()
  const sdk = createSdkLogger(log, () => new Date(nowMs))
  return { log, sdk, pass: (ms: number) => (nowMs += ms) }
}

test('of an outage that the core tells with every call, a line a minute is written, with how many were left out', () => {
  const { log, sdk, pass } = logger()

  for (let second = 0; second < 120; second++) {
    sdk.log('WARN', `poll retried ${second} times`, { ...RETRY })
    pass(1000)
  }

  expect(log.lines).toEqual([
    { level: 'warn', message: 'poll retried 0 times', data: RETRY },
    { level: 'warn', message: 'poll retried 60 times', data: { ...RETRY, leftOut: 59 } },
  ])
})

test('another part of the core, or a graver line of the same, is not left out', () => {
  const { log, sdk } = logger()

  sdk.log('WARN', 'retried', { ...RETRY })
  sdk.log('ERROR', 'given up', { ...RETRY })
  sdk.log('WARN', 'heartbeat was not recorded', { ...RETRY, target: 'heartbeats' })

  expect(log.lines.map(({ message }) => message)).toEqual([
    'retried',
    'given up',
    'heartbeat was not recorded',
  ])
})

test('what the SDK says elsewhere is written each time', () => {
  const { log, sdk } = logger()

  for (let time = 0; time < 3; time++) sdk.warn('Activity failed', { sdkComponent: 'worker' })

  expect(log.lines).toHaveLength(3)
})
