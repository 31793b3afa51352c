import { readFileSync, readdirSync } from 'node:fs'
import { postgres } from '../../../../activities/sources/postgres.js'
import type { SourceContext } from '../../../../activities/sources/driver.js'
import { HoldfastError } from '../../../../core/errors.js'
import type { PostgresSource } from '../../../../schemas/sources.js'
import { MemorySink } from '../../../fakes/sink.js'
import { describeWith } from '../../../support/needs.js'
import { startPostgres, type PostgresServer } from '../../../support/postgres.js'
import { until } from '../../../support/until.js'
import { capture, databasesLike, makeScratch, sourceOn, type Captured, type Scratch } from './support.js'

const CANARY = 'canary-wrong-pa55word'

describeWith(['postgres'], 'PostgreSQL in bad weather', () => {
  let server: PostgresServer
  let scratch: Scratch
  beforeAll(async () => {
    ;[server, scratch] = await Promise.all([startPostgres(), makeScratch()])
    process.env['HOLDFAST_TEST_WRONG'] = CANARY
    await server.run('CREATE DATABASE orders')
    await server.run(
      `CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 20000) n`,
      'orders',
    )
    await server.run(`CREATE ROLE weak LOGIN PASSWORD 'canary-weak'`)
    process.env['HOLDFAST_TEST_WEAK'] = 'canary-weak'
  })
  afterAll(async () => {
    await server.stop()
    await scratch.remove()
  })

  const failureOf = async (work: Promise<unknown>): Promise<HoldfastError> => {
    const error = await work.then(
      () => new Error('It succeeded.'),
      (failure: unknown) => failure,
    )
    if (error instanceof HoldfastError) return error
    throw error
  }
  const orders = (more: Partial<PostgresSource> = {}) => sourceOn(server, { database: 'orders', ...more })

  test.each<[string, () => PostgresSource, string, RegExp, RegExp]>([
    [
      'a wrong password',
      () => orders({ password: { env: 'HOLDFAST_TEST_WRONG' } }),
      'database.denied',
      /password authentication failed/,
      /password/,
    ],
    [
      'no password',
      () => ({ type: 'postgres', connection: { host: server.host, port: server.port }, database: 'orders' }),
      'database.denied',
      /no password supplied/,
      /password/,
    ],
    ['an unknown user', () => orders({ user: 'nobody' }), 'database.denied', /authentication failed/, /user/],
    [
      'a server that is down',
      () => orders({ connection: { host: '127.0.0.1', port: 1 } }),
      'database.unreachable',
      /127\.0\.0\.1:1/,
      /Start it/,
    ],
    [
      'a socket that is not there',
      () => orders({ connection: { host: '/nowhere' } }),
      'database.unreachable',
      /\/nowhere/,
      /Start it/,
    ],
    [
      'a host without a name',
      () => orders({ connection: { host: 'db.invalid' } }),
      'database.unreachable',
      /db\.invalid/,
      /connection/,
    ],
    [
      'TLS where there is none',
      () => orders({ connection: { host: server.host, port: server.port, tls: 'require' } }),
      'database.unreachable',
      /SSL/,
      /connection/,
    ],
    [
      'a missing database',
      () => orders({ database: 'ordres' }),
      'database.not-found',
      /"ordres"/,
      /Did you mean "orders"/,
    ],
    [
      'a database of no known name',
      () => orders({ database: 'warehouse' }),
      'database.not-found',
      /"warehouse"/,
      /It has "orders", "postgres"/,
    ],
    [
      'rights that are missing',
      () => orders({ user: 'weak', password: { env: 'HOLDFAST_TEST_WEAK' } }),
      'database.denied',
      /may not read public\.orders/,
      /GRANT pg_read_all_data/,
    ],
  ])('preflight meets %s', async (_, source, code, message, hint) => {
    const error = await failureOf(postgres.preflight(source(), scratch.context()))

    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain(CANARY)
  })

  /** Reached through the socket, as in a container, whose pg_dump is ours. */
  const inside = (more: Partial<PostgresSource> = {}) => orders({ in: 'docker:db', ...more })
  const version = (number: number) =>
    `[ "$1" = --version ] && { echo "pg_dump (PostgreSQL) ${number}.1"; exit; }`
  const NEWER = 99

  test.each<[string, string, Partial<PostgresSource>, string, RegExp]>([
    [
      'exits 1 half-way',
      'printf PGDMP; head -c 300000 /dev/zero; echo "pg_dump: error: query failed: ERROR:  out of shared memory" >&2; exit 1',
      {},
      'source.failed',
      /out of shared memory/,
    ],
    [
      'is killed half-way',
      'printf PGDMP; head -c 300000 /dev/zero; kill -9 $$',
      {},
      'source.failed',
      /SIGKILL/,
    ],
    ['prints nothing', 'exit 0', {}, 'source.failed', /is empty/],
    ['prints something else', 'echo hello', {}, 'source.failed', /does not begin as one/],
    [
      'prints a plain dump without its end',
      'echo "-- PostgreSQL database dump"',
      { dump: 'plain' },
      'source.failed',
      /no end mark/,
    ],
    [
      'loses its server',
      'printf PGDMP; echo "pg_dump: error: server closed the connection unexpectedly" >&2; exit 1',
      {},
      'database.unreachable',
      /closed the connection/,
    ],
    [
      'waits for a lock in vain',
      'echo "pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout" >&2; exit 1',
      {},
      'database.conflict',
      /lock timeout/,
    ],
  ])('a pg_dump that %s yields no item', async (_, script, more, code, message) => {
    const context = await scratch.place({ pg_dump: `${version(NEWER)}\n${script}` })
    const sink = new MemorySink()

    const error = await failureOf(postgres.read(inside(more), sink, context))

    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
    expect(sink.objects).toEqual([])
  })

  test('a pg_dump that is older than its server is refused before anything stops', async () => {
    const context = await scratch.place({ pg_dump: version(9) })

    const error = await failureOf(postgres.preflight(inside(), context))

    expect(error).toMatchObject({ code: 'source.tool-version' })
    expect(error.message).toMatch(/pg_dump 9\.1 \(docker:db\) is too old/)
    expect(error.hint).toMatch(/image/)
  })

  test('a place without the tools is named', async () => {
    const context = await scratch.place({ psql: 'exit 127' })

    const error = await failureOf(postgres.preflight(inside(), context))

    expect(error).toMatchObject({ code: 'source.tool-missing' })
    expect(error.message).toContain('docker:db')
  })

  test('cancelling a dump ends its processes and says so', async () => {
    const context = await scratch.place({ pg_dump: `${version(NEWER)}\nprintf PGDMP; exec sleep 43211234` })
    const cancellation = new AbortController()
    const sink = new MemorySink()
    const reading = postgres.read(inside(), sink, { ...context, signal: cancellation.signal })
    const ended = reading.catch((error: unknown) => error)
    await until('the dump runs', () => commandLines().some((line) => line.includes('43211234')))
    cancellation.abort(new Error('cancelled'))

    expect(await ended).toMatchObject({ message: 'cancelled' })

    expect(commandLines().filter((line) => line.includes('43211234'))).toEqual([])
    expect(sink.objects).toEqual([])
  })

  describe('restoring', () => {
    const rows = () => server.run('SELECT count(*), max(name) FROM orders', 'orders')
    const captured = (dump: 'custom' | 'plain'): Promise<Captured> =>
      capture(orders({ dump }), scratch.context())
    const stage = ({ item, sink }: Captured, context: SourceContext = scratch.context()) =>
      postgres.stage(item, { restoreId: 'r/1' }, sink, context)

    test.each<['custom' | 'plain', string, (bytes: Buffer) => Buffer]>([
      ['custom', 'was cut in the middle', (bytes) => bytes.subarray(0, bytes.length >> 1)],
      ['custom', 'lacks its last byte', (bytes) => bytes.subarray(0, -1)],
      [
        'custom',
        'has one other byte',
        (bytes) => (bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1), bytes),
      ],
      ['custom', 'has another beginning', (bytes) => bytes.fill(0, 0, 100)],
      ['plain', 'was cut in the middle', (bytes) => bytes.subarray(0, bytes.length >> 1)],
      ['plain', 'was cut after a statement', (bytes) => bytes.subarray(0, bytes.lastIndexOf(';\n') + 2)],
      ['plain', 'was cut to nothing', (bytes) => bytes.subarray(0, 0)],
      [
        'plain',
        'has one other byte',
        (bytes) => (bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1), bytes),
      ],
    ])('a %s dump that %s is refused, and the old data stays', async (dump, _, change) => {
      const before = await rows()
      const one = await captured(dump)
      for (const object of one.item.objects) one.sink.damage(object, change)

      expect(await failureOf(stage(one))).toMatchObject({ code: 'object.corrupt' })

      expect(await rows()).toBe(before)
      expect(await databasesLike(server, 'orders')).toEqual(['orders'])
    })

    test('psql commits nothing of a plain dump that was cut, even where nothing else would notice', async () => {
      const one = await captured('plain')
      const committed = await server.run('SELECT pg_current_xact_id()')
      for (const object of one.item.objects)
        one.sink.damage(object, (bytes) => bytes.subarray(0, bytes.length >> 1))
      const seen: string[] = []
      // Dropping is refused: what psql left behind stays to be seen.
      const shell = scratch.context().shell()
      const watching: SourceContext = {
        ...scratch.context(),
        shell: () => ({
          ...shell,
          run: async (argv, options) => {
            if (
              typeof options.stdin === 'string' &&
              options.stdin.includes('DROP DATABASE') &&
              seen.length === 0
            ) {
              const [staged = ''] = (await databasesLike(server, 'orders_holdfast')) as [string?]
              if (staged !== '')
                seen.push(await server.run(`SELECT count(*) FROM pg_class WHERE relname = 'orders'`, staged))
            }
            return shell.run(argv, options)
          },
        }),
      }

      await failureOf(stage(one, watching))

      expect(Number(committed)).toBeGreaterThan(0)
      expect(seen).toEqual(['0'])
    })

    test('an owner who is not there is named before a byte is read', async () => {
      const one = await captured('custom')
      const hint = JSON.parse(one.item.hints['database'] ?? '') as object
      const database = JSON.stringify({ ...hint, owner: 'gone', extensions: ['plpgsql'] })
      const item = { ...one.item, hints: { ...one.item.hints, database } }

      const error = await failureOf(postgres.preview(item, { restoreId: 'r/1' }, scratch.context()))

      expect(error).toMatchObject({ code: 'restore.conflict' })
      expect(error.hint).toContain('CREATE ROLE "gone"')
    })

    test('a server that is older than the dump, a missing extension and a weak user are refused', async () => {
      const one = await captured('custom')
      const preview = (hints: Record<string, string>, spec = one.item.spec) =>
        postgres.preview(
          { ...one.item, spec, hints: { ...one.item.hints, ...hints } },
          { restoreId: 'r/1' },
          scratch.context(),
        )
      const record = JSON.parse(one.item.hints['database'] ?? '') as object

      expect(await failureOf(preview({ serverVersion: '98.1' }))).toMatchObject({
        code: 'source.tool-version',
      })
      expect(
        await failureOf(preview({ database: JSON.stringify({ ...record, extensions: ['no such'] }) })),
      ).toMatchObject({ code: 'restore.conflict' })
      expect(
        await failureOf(preview({}, orders({ user: 'weak', password: { env: 'HOLDFAST_TEST_WEAK' } }))),
      ).toMatchObject({ code: 'database.denied' })
    })

    test('flags for files are refused, since they would be ignored', async () => {
      const { item } = await captured('custom')

      for (const target of [{ to: '/tmp/look' }, { include: ['*'] }]) {
        expect(
          await failureOf(postgres.preview(item, { restoreId: 'r/1', ...target }, scratch.context())),
        ).toMatchObject({
          code: 'flag.invalid',
        })
      }
    })
  })

  test('the password is in no command line while a database is dumped and restored', async () => {
    const seen = new Set<string>()
    const watch = setInterval(() => commandLines().forEach((line) => seen.add(line)), 3)

    const one = await capture(orders({ dump: 'plain' }), scratch.context())
    const moves = await postgres.stage(one.item, { restoreId: 'r/9' }, one.sink, scratch.context())
    await postgres.discard(moves, scratch.context())
    clearInterval(watch)

    expect([...seen].filter((line) => line.includes('pg_dump') || line.includes('psql'))).not.toEqual([])
    expect([...seen].filter((line) => line.includes(server.password))).toEqual([])
    expect(JSON.stringify([one.item, moves])).not.toContain(server.password)
  })
})

const commandLines = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return []
      }
    })
