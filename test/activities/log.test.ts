import { createLog } from '../../activities/log.js'
import { HoldfastError } from '../../core/errors.js'

const CANARY = 'canary-42'

function logOf() {
  const lines: string[] = []
  const log = createLog({
    destination: { write: (line) => void lines.push(line) },
    clock: () => new Date('2026-03-05T12:00:00.000Z'),
    base: { role: 'control' },
  })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
}

test('writes a line of JSON: level, time, what it is about, message, data', () => {
  const { log, last } = logOf()

  log.warn('upload retried', { key: 'a/b', attempt: 3 })

  expect(last()).toEqual({
    level: 'warn',
    time: '2026-03-05T12:00:00.000Z',
    role: 'control',
    key: 'a/b',
    attempt: 3,
    message: 'upload retried',
  })
})

test('leaves out what is below its level', () => {
  const { log, lines } = logOf()

  log.debug('details')

  expect(lines).toEqual([])
})

test.each<[string, Record<string, unknown>]>([
  ['a name', { password: CANARY }],
  ['a name inside', { source: { connection: { PGPASSWORD: CANARY } } }],
  ['a list', { sources: [{ apiKey: CANARY }] }],
  ['a URL', { url: `postgres://shop:${CANARY}@db.lan/orders` }],
  ['a setting in a text', { text: `could not connect: password=${CANARY} host=db` }],
  ['a header', { text: `Authorization: Bearer ${CANARY}` }],
  ['an error', { error: new Error(`postgres://shop:${CANARY}@db.lan failed`) }],
  [
    'the cause of an error',
    { error: new HoldfastError('source.failed', 'no', { cause: new Error(`token: ${CANARY}`) }) },
  ],
])('redacts what looks like a secret by %s', (_, data) => {
  const { log, lines } = logOf()

  log.error('failed', data)

  expect(lines.join('')).not.toContain(CANARY)
  expect(lines.join('')).toContain('[redacted]')
})

test('keeps references to secrets, codes of errors and ordinary data', () => {
  const { log, last } = logOf()

  log.info('resolved', {
    password: { env: 'SHOP_PASSWORD' },
    error: new HoldfastError('service.not-found', 'gone'),
  })

  expect(last()).toMatchObject({
    password: { env: 'SHOP_PASSWORD' },
    error: { code: 'service.not-found', message: 'gone' },
  })
})

test('survives data without end', () => {
  const { log, last } = logOf()
  const endless: Record<string, unknown> = {}
  endless['self'] = endless

  log.info('round and round', { endless })

  expect(last()).toMatchObject({ message: 'round and round' })
})
