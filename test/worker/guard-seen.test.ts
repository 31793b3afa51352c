import { WorkflowNotFoundError } from '@temporalio/client'
import type { ClientConnection } from '../../temporal/connection.js'
import { createGuardAsker } from '../../worker/guard-seen.js'

const guard = { workflowId: 'guard/nas/docker:web', runId: 'r' }

/** A Temporal of one run, which answers with what `answer` says. */
function temporal() {
  const world = {
    nowMs: Date.parse('2026-11-22T10:00:00Z'),
    connects: 0,
    asked: 0,
    answer: async (): Promise<string> => 'RUNNING',
  }
  const client = {
    withAbortSignal: <T>(_: AbortSignal, ask: () => T): T => ask(),
    workflow: {
      getHandle: () => ({
        describe: async () => {
          world.asked++
          return { status: { name: await world.answer() } }
        },
      }),
    },
  }
  const connect = async () => {
    world.connects++
    return { client, close: async () => undefined } as unknown as ClientConnection
  }
  return { world, asker: createGuardAsker(connect, () => new Date(world.nowMs)) }
}

const away = async () => Promise.reject(new Error('14 UNAVAILABLE'))

test.each<[string, () => Promise<string>, string]>([
  ['runs', async () => 'RUNNING', 'open'],
  ['is paused', async () => 'PAUSED', 'open'],
  ['was terminated', async () => 'TERMINATED', 'closed-or-unknown'],
  [
    'is not known',
    async () => Promise.reject(new WorkflowNotFoundError('gone', 'id', undefined)),
    'closed-or-unknown',
  ],
  ['cannot be asked', away, 'silent'],
])('a guard that %s', async (_, answer, seen) => {
  const { world, asker } = temporal()
  world.answer = answer

  expect(await asker.ask(guard)).toBe(seen)
})

test('a silence lasts from its first question to the next answer, also that a run is not known', async () => {
  const { world, asker } = temporal()
  const known = [await asker.ask(guard), asker.silentForMs()]
  world.answer = away
  await asker.ask(guard)
  world.nowMs += 20_000
  await asker.ask(guard)
  world.nowMs += 1000
  const silentForMs = asker.silentForMs()

  world.nowMs += 20_000
  world.answer = async () => Promise.reject(new WorkflowNotFoundError('gone', 'id', undefined))
  await asker.ask(guard)

  expect(known).toEqual(['open', 0])
  expect(silentForMs).toBe(21_000)
  expect(asker.silentForMs()).toBe(0)
})

test('who has just been silent is not asked again, and after that over a new connection', async () => {
  const { world, asker } = temporal()
  world.answer = away
  await asker.ask(guard)
  world.answer = async () => 'RUNNING'

  const atOnce = await asker.ask(guard)
  world.nowMs += 6000
  const later = await asker.ask(guard)

  expect([atOnce, later]).toEqual(['silent', 'open'])
  expect(world).toMatchObject({ asked: 2, connects: 2 })
})

test('a silence of long ago is forgotten with its connection', async () => {
  const { world, asker } = temporal()
  world.answer = away
  await asker.ask(guard)
  await asker.close()
  world.nowMs += 3_600_000

  await asker.ask(guard)

  expect(asker.silentForMs()).toBe(0)
})
