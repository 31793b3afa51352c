import type { JournalEntry } from '../../activities/journal/journal.js'
import type { ClientConnection } from '../../temporal/connection.js'
import type { AgentEvent } from '../../worker/agent-events.js'
import { bringServicesBack } from '../../worker/bring-back.js'

const entry = (service: string, lease: 'read' | 'write' = 'read') =>
  ({ service, lease, guard: { workflowId: `guard/nas/${service}`, runId: 'r' } }) as JournalEntry

/** A journal and a Temporal in which a cancelled run gives its service back. */
function world(services: JournalEntry[], options: { isSilent?: boolean; guardsAnswer?: boolean } = {}) {
  const { isSilent = false, guardsAnswer = true } = options
  let held = services
  const cancelled: string[] = []
  const release = (service: string) => {
    held = held.filter((one) => one.service !== service)
  }
  const getHandle = (workflowId: string) => ({
    query: async () => {
      if (!guardsAnswer) throw new Error('no worker answers')
      const service = workflowId.slice('guard/nas/'.length)
      return { leases: [{ holder: { workflowId: `backup/of ${service}`, runId: 'r' } }] }
    },
    cancel: async () => {
      cancelled.push(workflowId)
      release(workflowId.replace('backup/of ', '').replace('guard/nas/', ''))
    },
  })
  const events: AgentEvent[] = []
  return {
    cancelled,
    events,
    run: () =>
      bringServicesBack({
        heldServices: async () => held,
        connect: async () => {
          if (isSilent) throw new Error('unreachable')
          return {
            client: { workflow: { getHandle } },
            close: async () => undefined,
          } as unknown as ClientConnection
        },
        onEvent: (event) => events.push(event),
        withinMs: 400,
      }),
  }
}

test('does nothing when nothing is held', async () => {
  const { run, events } = world([])

  await run()

  expect(events).toEqual([])
})

test('cancels the runs that hold services, and says nothing more when those are back', async () => {
  const { run, cancelled, events } = world([entry('docker:web'), entry('docker:db')])

  await run()

  expect(cancelled.toSorted()).toEqual(['backup/of docker:db', 'backup/of docker:web'])
  expect(events).toEqual([{ type: 'releasing', services: ['docker:web', 'docker:db'] }])
})

test('cancels the guard itself when it cannot say for whom it holds', async () => {
  const { run, cancelled } = world([entry('docker:web')], { guardsAnswer: false })

  await run()

  expect(cancelled).toEqual(['guard/nas/docker:web'])
})

test('never touches what a restore holds, and says that it is still held', async () => {
  const { run, cancelled, events } = world([entry('docker:db', 'write')])

  await run()

  expect(cancelled).toEqual([])
  expect(events).toEqual([{ type: 'still-held', services: ['docker:db'] }])
})

test('without Temporal it waits no longer than its limit, and names what is still held', async () => {
  const { run, events } = world([entry('docker:web')], { isSilent: true })

  await run()

  expect(events.at(-1)).toEqual({ type: 'still-held', services: ['docker:web'] })
})

test('a journal that cannot be read never keeps the agent from stopping, and is said', async () => {
  const events: AgentEvent[] = []

  await bringServicesBack({
    heldServices: () => Promise.reject(new Error('entry web.json is damaged')),
    connect: () => Promise.reject(new Error('not asked for')),
    onEvent: (event) => events.push(event),
  })

  expect(events).toEqual([{ type: 'journal-unreadable', reason: 'entry web.json is damaged' }])
})
