import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync, readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SourceContext } from '../../../../activities/sources/driver.js'
import { mysql } from '../../../../activities/sources/mysql.js'
import type { MysqlSource } from '../../../../schemas/sources.js'
import { MemorySink } from '../../../fakes/sink.js'
import { placeWith, sourceContext } from '../../../fakes/source-context.js'
import { startMariadb, type MariadbServer } from '../../../support/mariadb.js'
import { describeWith } from '../../../support/needs.js'
import { capture, databasesLike, failureOf, sourceOn } from './support.js'

const CANARY = 'canary-wrong-pa55word'

describeWith(['mariadb'], 'MariaDB in bad weather', () => {
  let server: MariadbServer
  let scratch: string
  beforeAll(async () => {
    ;[server, scratch] = await Promise.all([startMariadb(), mkdtemp(join(tmpdir(), 'holdfast-mysql-'))])
    process.env['HOLDFAST_TEST_WRONG'] = CANARY
    process.env['HOLDFAST_TEST_WEAK'] = 'canary-weak'
    await server.run(
      `CREATE DATABASE shop; USE shop; CREATE TABLE orders AS SELECT seq AS id, MD5(seq) AS name FROM seq_1_to_2000;
       CREATE PROCEDURE clean() SELECT 1;
       CREATE USER weak@'127.0.0.1' IDENTIFIED BY 'canary-weak'; GRANT SELECT, EVENT ON shop.* TO weak@'127.0.0.1'`,
    )
  })
  afterAll(async () => {
    await server.stop()
    await rm(scratch, { recursive: true })
  })
  const context = (): SourceContext => sourceContext({ scratchFolder: scratch, sourceName: 'orders' })
  const shop = (more: Partial<MysqlSource> = {}) => sourceOn(server, { database: 'shop', ...more })
  const weak = { user: 'weak', password: { env: 'HOLDFAST_TEST_WEAK' } }
  const at = (host: string, port?: number) => ({
    connection: { host, ...(port === undefined ? {} : { port }) },
  })

  test.each<[string, () => MysqlSource, string, RegExp, RegExp]>([
    [
      'a wrong password',
      () => shop({ password: { env: 'HOLDFAST_TEST_WRONG' } }),
      'database.denied',
      /Access denied/,
      /password/,
    ],
    ['an unknown user', () => shop({ user: 'nobody' }), 'database.denied', /Access denied/, /"nobody"/],
    ['a server that is down', () => shop(at('127.0.0.1', 1)), 'database.unreachable', /:1/, /Start it/],
    [
      'a socket that is not there',
      () => shop(at('/nowhere')),
      'database.unreachable',
      /\/nowhere/,
      /Start it/,
    ],
    [
      'a host without a name',
      () => shop(at('db.invalid')),
      'database.unreachable',
      /db\.invalid/,
      /connection/,
    ],
    [
      'no TLS where it was asked for',
      () => shop({ connection: { host: server.host, port: server.port, tls: 'verify-full' } }),
      'database.unreachable',
      /SSL/,
      /connection/,
    ],
    [
      'a missing database',
      () => shop({ database: 'shpo' }),
      'database.not-found',
      /"shpo"/,
      /Did you mean "shop"/,
    ],
    [
      'rights that are missing',
      () => shop(weak),
      'database.denied',
      /"weak@127\.0\.0\.1" lacks rights for dumping: SHOW VIEW on `shop`\.\*, TRIGGER on `shop`\.\*, SELECT on `mysql`\.`proc`/,
      /GRANT SHOW VIEW, TRIGGER ON `shop`\.\* TO 'weak'@'127\.0\.0\.1'; GRANT SELECT ON `mysql`\.`proc` TO/,
    ],
    [
      'rights of one database where all are wanted',
      () => sourceOn(server, { databases: 'all', ...weak }),
      'database.denied',
      /SELECT on \*\.\*/,
      /ON \*\.\* TO/,
    ],
  ])('preflight meets %s', async (_, source, code, message, hint) => {
    const error = await failureOf(mysql.preflight(source(), context()))

    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain(CANARY)
  })

  test('the rights that it asks for are enough for a dump with everything in it', async () => {
    await server.run(`CREATE USER dumper@'127.0.0.1' IDENTIFIED BY 'canary-weak'`)
    const dumper = shop({ ...weak, user: 'dumper' })
    const { hint } = await failureOf(mysql.preflight(dumper, context()))

    await server.run(hint?.replace(/^[^:]*: /, '') ?? '')
    await mysql.preflight(dumper, context())
    const { item, sink } = await capture(dumper, context())

    const [object] = item.objects
    const text = object ? sink.bytesOf(object).toString() : ''
    expect(text).toContain('PROCEDURE `clean`')
    expect(item.counts).toMatchObject({ tables: 1, routines: 1 })
  })

  let places = 0
  /** A place whose PATH begins with a mariadb-dump of ours. */
  async function placeOf(script: string): Promise<SourceContext> {
    const bin = join(scratch, `bin-${places++}`)
    await mkdir(bin)
    const version = '[ "$1" = --version ] && { echo "mariadb-dump from 11.4.2-MariaDB"; exit; }'
    await writeFile(join(bin, 'mariadb-dump'), `#!/bin/sh\n${version}\n${script}\n`)
    await chmod(join(bin, 'mariadb-dump'), 0o755)
    const shell = placeWith('docker:db', `${bin}:${process.env['PATH'] ?? ''}`)
    return sourceContext({ scratchFolder: scratch, sourceName: 'orders', shells: { 'docker:db': shell } })
  }

  test.each<[string, string, string, RegExp]>([
    [
      'fails half-way',
      `echo "-- dump"; head -c 300000 /dev/zero; echo "mariadb-dump: Error 2013: Lost connection" >&2; exit 3`,
      'database.unreachable',
      /2013/,
    ],
    ['is killed half-way', 'head -c 300000 /dev/zero; kill -9 $$', 'source.failed', /SIGKILL/],
    ['prints nothing', 'exit 0', 'source.failed', /is empty/],
    [
      'ends without its last line',
      'printf -- "-- dump\\n-- Dump completed on x\\nINSERT 1;\\n"',
      'source.failed',
      /no end mark/,
    ],
  ])('a dump program that %s yields no item', async (_, script, code, message) => {
    const sink = new MemorySink()

    const error = await failureOf(mysql.read(shop({ in: 'docker:db' }), sink, await placeOf(script)))

    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
    expect(sink.objects).toEqual([])
  })

  test('a dump program of the other family is refused before anything stops, and a backup of it, too', async () => {
    const place = await placeOf('exit 1')
    const shell = place.shell('docker:db')
    const other: SourceContext = {
      ...place,
      shell: () => ({
        ...shell,
        run: async (argv, options) =>
          argv[1] === '--version' && argv[0]?.includes('dump')
            ? { stdout: 'mysqldump  Ver 8.0.36 for Linux on x86_64', stderr: '' }
            : shell.run(argv, options),
      }),
    }
    const { item } = await capture(shop(), context())
    const foreign = { ...item, hints: { ...item.hints, serverFamily: 'MySQL' } }

    expect(await failureOf(mysql.preflight(shop({ in: 'docker:db' }), other))).toMatchObject({
      code: 'source.tool-missing',
    })
    expect(
      await failureOf(mysql.preview(foreign, { restoreId: 'r/1', database: 'x' }, context())),
    ).toMatchObject({ code: 'restore.conflict' })
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['was cut in the middle', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['was cut after a statement', (bytes) => bytes.subarray(0, bytes.lastIndexOf(';\n') + 2)],
    ['was cut to nothing', (bytes) => bytes.subarray(0, 0)],
    ['has another byte', (bytes) => (bytes.writeUInt8(bytes.readUInt8(2000) ^ 1, 2000), bytes)],
  ])('a dump that %s leaves no database behind', async (_, change) => {
    const { item, sink } = await capture(shop(), context())
    for (const object of item.objects) sink.damage(object, change)

    const error = await failureOf(mysql.stage(item, { restoreId: 'r/2', database: 'copy' }, sink, context()))

    expect(error).toMatchObject({ code: 'object.corrupt' })
    expect(await databasesLike(server, 'copy')).toEqual([])
  })

  test('a look into a dump finds one that was stored without its end', async () => {
    const { item, sink } = await capture(shop(), context())
    const [whole] = item.objects
    if (whole === undefined) throw new Error('No object was stored.')
    const bytes = sink.bytesOf(whole)
    const other = new MemorySink()
    const cut = await other.store({ kind: 'sql' }, Readable.from([bytes.subarray(0, bytes.length >> 1)]))

    await mysql.inspect(item, whole, sink, context())

    expect(await failureOf(mysql.inspect(item, cut, other, context()))).toMatchObject({
      code: 'source.damaged',
    })
    sink.damage(whole, (stored) => stored.subarray(0, -1))
    expect(await failureOf(mysql.inspect(item, whole, sink, context()))).toMatchObject({
      code: 'object.corrupt',
    })
  })

  test('a dump that brings less than was recorded is no restore', async () => {
    const { item, sink } = await capture(shop(), context())
    const record = JSON.parse(item.hints['database'] ?? '') as { counts: object }
    const database = JSON.stringify({ ...record, counts: { ...record.counts, triggers: 2 } })
    const more = { ...item, hints: { ...item.hints, database } }

    const error = await failureOf(mysql.stage(more, { restoreId: 'r/3', database: 'copy' }, sink, context()))

    expect(error.message).toContain('0 of 2 triggers')
    expect(await databasesLike(server, 'copy')).toEqual([])
  })

  test('the password is in no command line while a database is dumped and restored', async () => {
    const seen = new Set<string>()
    const watch = setInterval(() => commandLines().forEach((line) => seen.add(line)), 3)

    const one = await capture(shop(), context())
    const moves = await mysql.stage(one.item, { restoreId: 'r/9', database: 'copy' }, one.sink, context())
    await mysql.discard(moves, context())
    clearInterval(watch)

    expect([...seen].filter((line) => line.startsWith('mariadb'))).not.toEqual([])
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
