import { postgres } from '../../../../activities/sources/postgres.js'
import { describeWith } from '../../../support/needs.js'
import { startPostgres, type PostgresServer } from '../../../support/postgres.js'
import { capture, databasesLike, makeScratch, restore, sourceOn, type Scratch } from './support.js'

describeWith(['postgres'], 'all databases of a PostgreSQL server', () => {
  let server: PostgresServer
  let other: PostgresServer
  let scratch: Scratch
  beforeAll(async () => {
    ;[server, other, scratch] = await Promise.all([startPostgres(), startPostgres(), makeScratch()])
    await server.run(`CREATE ROLE "odd ""role'; --" LOGIN PASSWORD 'role-canary-1'`)
    await server.run(`CREATE ROLE readers; GRANT readers TO "odd ""role'; --"`)
    await server.run(`ALTER ROLE readers SET search_path TO 'a;b', public`)
    await server.run(`CREATE ROLE dumper LOGIN PASSWORD 'canary-dumper'; GRANT pg_read_all_data TO dumper`)
    await server.run(`CREATE DATABASE "Shop" OWNER "odd ""role'; --"`)
    await server.run('CREATE TABLE t AS SELECT generate_series(1, 10) n', 'Shop')
    await server.run('CREATE DATABASE shop')
    await server.run('CREATE TABLE t AS SELECT generate_series(1, 20) n', 'shop')
    await server.run('CREATE TABLE t AS SELECT generate_series(1, 30) n', 'postgres')
  })
  afterAll(async () => {
    await Promise.all([server.stop(), other.stop(), scratch.remove()])
  })

  test('become one object each, with roles, and come back on an empty server', async () => {
    const source = sourceOn(server, { databases: 'all' })
    await postgres.preflight(source, scratch.context())
    const captured = await capture(source, scratch.context())
    await other.run(`CREATE ROLE readers LOGIN`)

    expect(captured.item.objects.map(({ kind, part }) => `${kind} ${part}`)).toEqual([
      'globals.sql undefined',
      'dump %53hop',
      'dump postgres',
      'dump shop',
    ])
    expect(captured.item.hints['globals']).toBe('with passwords')

    const elsewhere = { ...captured, item: { ...captured.item, spec: sourceOn(other, { databases: 'all' }) } }
    const preview = await postgres.preview(elsewhere.item, { restoreId: 'r/1' }, scratch.context())
    const { moves } = await restore(elsewhere, { restoreId: 'r/1' }, scratch.context())
    await postgres.swap(moves, scratch.context())

    expect(preview.effects.at(-1)).toContain('creates the roles that are missing')
    for (const [name, rows] of [
      ['Shop', '10'],
      ['shop', '20'],
      ['postgres', '30'],
    ] as const) {
      expect(await other.run('SELECT count(*) FROM t', name)).toBe(rows)
    }
    const roles = `SELECT rolname, rolcanlogin, rolpassword IS NOT NULL,
                     pg_has_role(oid, 'readers', 'MEMBER') FROM pg_authid WHERE rolname ~ '^(odd|readers)' ORDER BY 1`
    expect(await other.run(roles)).toBe(
      `odd "role'; --|t|t|t\n` +
        // It was there before, and stays as it was.
        'readers|t|f|t',
    )

    await postgres.discard(moves, scratch.context())

    expect((await databasesLike(other, '')).sort()).toEqual(['postgres', 'template0', 'template1'])
  })

  test('are captured without the safety copies of restores, and without what is being restored', async () => {
    const captured = await capture(sourceOn(server, { database: 'shop' }), scratch.context())
    const target = { restoreId: 'r/2' }
    const { moves } = await restore(captured, target, scratch.context())
    await postgres.swap(moves, scratch.context())
    await restore(captured, { restoreId: 'r/3' }, scratch.context())
    expect(await databasesLike(server, 'shop_holdfast_')).toHaveLength(2)

    const { item } = await capture(sourceOn(server, { databases: 'all' }), scratch.context())

    expect(item.objects.map(({ part }) => part)).toEqual([undefined, '%53hop', 'postgres', 'shop'])
  })

  test('without the right to see passwords the roles are kept without, and it is said', async () => {
    await server.run(`GRANT CONNECT ON DATABASE postgres TO dumper`)
    process.env['HOLDFAST_TEST_DUMPER'] = 'canary-dumper'
    const source = sourceOn(server, {
      databases: 'all',
      user: 'dumper',
      password: { env: 'HOLDFAST_TEST_DUMPER' },
    })
    await postgres.preflight(source, scratch.context())

    const { item, sink } = await capture(source, scratch.context())

    expect(item.hints['globals']).toBe('without passwords')
    const [globals] = item.objects
    const text = globals ? sink.bytesOf(globals).toString() : ''
    expect(text).toContain('CREATE ROLE readers')
    expect(text).not.toContain('SCRAM')
  })

  test('--database is refused for more than one', async () => {
    const captured = await capture(sourceOn(server, { databases: 'all' }), scratch.context())

    await expect(
      postgres.preview(captured.item, { restoreId: 'r/1', database: 'x' }, scratch.context()),
    ).rejects.toMatchObject({ code: 'flag.invalid' })
  })
})
