import type { JournalEntry } from '../../activities/journal/journal.js'
import type { ClientConnection } from '../../temporal/connection.js'
import type { AgentEvent } from '../../worker/agent-events.js'
import { bringServicesBack, leaveNothingHeld } from '../../worker/bring-back.js'

const entry = (service: string, lease: 'read' | 'write' = 'read') =>
  ({ service, lease, guard: { workflowId: `guard/nas/${service}`, runId: 'r' } }) as JournalEntry

/** A journal and a Temporal in which a cancelled run gives its service back. */
function world(
  services: JournalEntry[],
  options: { isSilent?: boolean; guardsAnswer?: boolean; withinMs?: number } = {},
) {
  const { isSilent = false, guardsAnswer = true, withinMs = 400 } = options
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
        withinMs,
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

test('never touches what a restore holds', async () => {
  const { run, cancelled, events } = world([entry('docker:db', 'write')])

  await run()

  expect(cancelled).toEqual([])
  expect(events).toEqual([])
})

test('without Temporal it waits for nobody: the services are started when the workers have stopped', async () => {
  const { run, events } = world([entry('docker:web')], { isSilent: true, withinMs: 1_000_000 })

  await run()

  expect(events).toEqual([{ type: 'releasing', services: ['docker:web'] }])
})

test('says what was started in the end, and what is still held', async () => {
  const events: AgentEvent[] = []

  await leaveNothingHeld({
    settle: async () => ({ broughtBack: ['docker:web'], stillHeld: ['docker:db'] }),
    onEvent: (event) => events.push(event),
  })

  expect(events).toEqual([
    { type: 'brought-back', services: ['docker:web'] },
    { type: 'still-held', services: ['docker:db'] },
  ])
})

test('a journal that cannot be read never keeps the agent from stopping, and is said', async () => {
  const events: AgentEvent[] = []
  const unreadable = () => Promise.reject(new Error('the folder belongs to another user'))

  await bringServicesBack({
    heldServices: unreadable,
    connect: () => Promise.reject(new Error('not asked for')),
    onEvent: (event) => events.push(event),
  })
  await leaveNothingHeld({ settle: unreadable, onEvent: (event) => events.push(event) })

  expect(events).toEqual([{ type: 'journal-unreadable', reason: 'the folder belongs to another user' }])
})
