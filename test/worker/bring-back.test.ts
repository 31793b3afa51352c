import { once } from 'node:events'
import type { DamagedEntry, JournalEntry } from '../../activities/journal/journal.js'
import type { ClientConnection } from '../../temporal/connection.js'
import type { AgentEvent } from '../../worker/agent-events.js'
import { bringServicesBack, settleHolds, type BringBackOptions } from '../../worker/bring-back.js'

const entry = (service: string, lease: 'read' | 'write' = 'read', minute = 0) =>
  ({
    service,
    lease,
    stopRequestedAt: `2026-11-20T02:0${minute}:00Z`,
    guard: { workflowId: `guard/nas/${service}`, runId: 'r' },
  }) as JournalEntry

/** A journal and a Temporal in which a cancelled run gives its service back. */
function world(
  services: JournalEntry[],
  options: { isSilent?: boolean; guardsAnswer?: boolean; damaged?: DamagedEntry[] } = {},
) {
  const { isSilent = false, guardsAnswer = true, damaged = [] } = options
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
  const started: string[] = []
  const tools: BringBackOptions = {
    listJournal: async () => ({ entries: held, damaged }),
    connect: async () => {
      if (isSilent) throw new Error('unreachable')
      return {
        client: { workflow: { getHandle } },
        close: async () => undefined,
      } as unknown as ClientConnection
    },
    start: async (service, signal) => {
      started.push(service)
      if (service === 'docker:slow') await once(signal, 'abort')
      signal.throwIfAborted()
      if (service === 'docker:broken') throw new Error('The port is taken.')
      release(service)
    },
    onEvent: (event) => events.push(event),
    withinMs: 400,
  }
  return {
    cancelled,
    events,
    started,
    run: () => bringServicesBack(tools),
    settle: () => settleHolds(tools),
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

test('never cancels a restore', async () => {
  const { run, cancelled, events } = world([entry('docker:db', 'write')])

  await run()

  expect(cancelled).toEqual([])
  expect(events).toEqual([])
})

test('without Temporal it waits for nobody', async () => {
  const { run, events } = world([entry('docker:web')], { isSilent: true })

  await run()

  expect(events).toEqual([{ type: 'releasing', services: ['docker:web'] }])
})

test('a connection that cannot be closed never keeps the agent from stopping', async () => {
  const getHandle = () => ({
    query: () => Promise.reject(new Error('silent')),
    cancel: async () => undefined,
  })

  const back = bringServicesBack({
    listJournal: async () => ({ entries: [entry('docker:web')], damaged: [] }),
    connect: async () =>
      ({
        client: { workflow: { getHandle } },
        close: () => Promise.reject(new Error('lost')),
      }) as unknown as ClientConnection,
    start: () => Promise.reject(new Error('not asked for')),
    onEvent: () => undefined,
    withinMs: 0,
  })

  await expect(back).resolves.toBeUndefined()
})

test('a journal that cannot be read never keeps the agent from stopping, and is said', async () => {
  const events: AgentEvent[] = []

  await bringServicesBack({
    listJournal: () => Promise.reject(new Error('entry web.json is damaged')),
    connect: () => Promise.reject(new Error('not asked for')),
    start: () => Promise.reject(new Error('not asked for')),
    onEvent: (event) => events.push(event),
  })

  expect(events).toEqual([{ type: 'journal-unreadable', reason: 'entry web.json is damaged' }])
})

test('without workers, what backups still hold is started, what stopped last first', async () => {
  const { settle, started, events } = world([entry('docker:web'), entry('docker:db', 'read', 1)])

  await settle()

  expect(started).toEqual(['docker:db', 'docker:web'])
  expect(events).toEqual([])
})

test('what cannot be started keeps nothing else down, and is named with its reason', async () => {
  const { settle, started, events } = world([entry('docker:broken', 'read', 1), entry('docker:web')])

  await settle()

  expect(started).toEqual(['docker:broken', 'docker:web'])
  expect(events).toEqual([
    { type: 'still-held', services: ['docker:broken'], reasons: ['The port is taken.'] },
  ])
})

test('a start that hangs holds up no other for long, and is named with its limit', async () => {
  const { settle, started, events } = world([
    entry('docker:slow', 'read', 2),
    entry('docker:web', 'read', 1),
    entry('docker:cache'),
  ])

  await settle()

  expect(started).toEqual(['docker:slow', 'docker:web', 'docker:cache'])
  expect(events).toEqual([
    {
      type: 'still-held',
      services: ['docker:slow'],
      reasons: ['docker:slow was not started within 400ms.'],
    },
  ])
})

test('the next start waits for a quick one to end', async () => {
  const order: string[] = []
  const journal = { entries: [entry('docker:db', 'read', 1), entry('docker:web')], damaged: [] }

  await settleHolds({
    listJournal: async () => journal,
    connect: () => Promise.reject(new Error('not asked for')),
    start: async (service) => {
      order.push(`${service} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`${service} ends`)
    },
    onEvent: () => undefined,
  })

  expect(order).toEqual(['docker:db begins', 'docker:db ends', 'docker:web begins', 'docker:web ends'])
})

test('what a restore holds is never started, and is named', async () => {
  const { settle, started, events } = world([entry('docker:db', 'write')])

  await settle()

  expect(started).toEqual([])
  expect(events).toEqual([{ type: 'still-held', services: ['docker:db'], reasons: [] }])
})

test('an entry that cannot be read is named, by its service or its file', async () => {
  const damaged = [
    { name: 'docker%3Aweb.json', path: '/journal/docker%3Aweb.json', service: 'docker:web' },
    { name: '%zz.json', path: '/journal/%zz.json' },
  ]
  const { settle, started, events } = world([], { damaged })

  await settle()

  expect(started).toEqual([])
  expect(events).toEqual([
    {
      type: 'still-held',
      services: ['docker:web', '/journal/%zz.json'],
      reasons: damaged.map(({ path }) => `The journal entry ${path} cannot be read.`),
    },
  ])
})
