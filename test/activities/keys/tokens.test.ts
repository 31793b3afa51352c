import { fileURLToPath } from 'node:url'
import type { TokenPlace } from '../../../activities/keys/pkcs11/questions.js'
import { createTokens } from '../../../activities/keys/pkcs11/tokens.js'
import { until } from '../../support/until.js'

const program = fileURLToPath(new URL('../../support/fake-token.mjs', import.meta.url))
const find = { ask: 'find' } as const
const wrap = { ask: 'wrap', plain: Buffer.alloc(32), associatedData: Buffer.alloc(0) } as const
const place = (changes: Partial<TokenPlace> = {}): TokenPlace => ({
  ...{ name: 'hsm', module: '/works', token: 'backups', label: 'main', pin: 'right' },
  ...changes,
})
const tokensWith = (limits: { answerWithinMs?: number; keptForMs?: number } = {}) =>
  createTokens({ program, environment: process.env, ...limits })
const isRunning = (id: string) => {
  try {
    return process.kill(Number(id.split('/')[0]), 0)
  } catch {
    return false
  }
}

test('one process speaks to a module, and answers all who ask', async () => {
  const tokens = tokensWith()

  const answers = await Promise.all([
    tokens.ask(place(), find),
    tokens.ask(place({ token: 'others' }), find),
    tokens.ask(place({ module: '/works-too' }), find),
  ])

  const [first, second, third] = answers.map(({ id }) => id.split('/'))
  expect(second).toEqual([first![0], '2'])
  expect(third![0]).not.toBe(first![0])
})

test('without questions it is let go, and the next one finds another', async () => {
  const tokens = tokensWith({ keptForMs: 1 })
  const { id } = await tokens.ask(place(), find)

  await until('its process has ended', () => !isRunning(id))

  const next = await tokens.ask(place(), find)
  expect(next.id.split('/')[1]).toBe('1')
})

test('a module that hangs is killed when its time is over, for all who wait; then it is tried anew', async () => {
  const tokens = tokensWith({ answerWithinMs: 1500 })
  const slow = place({ module: '/hangs-later' })
  const { id } = await tokens.ask(slow, find)

  const waiting = [tokens.ask(slow, wrap), tokens.ask(slow, wrap)]

  for (const one of await Promise.allSettled(waiting))
    expect(one).toMatchObject({
      reason: { code: 'key.unavailable', message: expect.stringContaining('within 1.5 s') as string },
    })
  expect(isRunning(id)).toBe(false)
  expect((await tokens.ask(slow, find)).id.split('/')[1]).toBe('1')
})

test.each([
  ['never answers', '/hangs', 500, 'did not answer within 0.5 s'],
  ['crashes', '/crashes', 30_000, 'ended by itself (SIGSEGV)'],
])('a module that %s is an error that may pass', async (_, module, answerWithinMs, message) => {
  await expect(tokensWith({ answerWithinMs }).ask(place({ module }), find)).rejects.toMatchObject({
    code: 'key.unavailable',
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining(module) as string,
  })
})

test('a process that cannot be started is an error, too', async () => {
  const tokens = createTokens({ program: '/nowhere.js', environment: process.env })

  await expect(tokens.ask(place(), find)).rejects.toMatchObject({
    code: 'key.unavailable',
    message: expect.stringContaining('ended by itself (exit code 1)') as string,
  })
})

test('a PIN that was refused is not tried again, until it is another one', async () => {
  const tokens = tokensWith()
  const wrong = place({ pin: 'wrong' })

  await expect(tokens.ask(wrong, find)).rejects.toThrow('Refused.')
  await expect(tokens.ask(wrong, find)).rejects.toMatchObject({
    code: 'key.denied',
    message: expect.stringContaining('not tried again') as string,
  })
  const answered = await tokens.ask(place(), find)

  // The second try has not reached it.
  expect(answered.id.split('/')[1]).toBe('2')
})
