import { postgres } from '../../../../activities/sources/postgres.js'
import { describeWith } from '../../../support/needs.js'
import { startPostgres, type PostgresServer } from '../../../support/postgres.js'
import { capture, databasesLike, makeScratch, restore, sourceOn, type Scratch } from './support.js'

describeWith(['postgres'], 'a PostgreSQL database, there and back', () => {
  let server: PostgresServer
  let scratch: Scratch
  beforeAll(async () => {
    server = await startPostgres()
    scratch = await makeScratch()
    await server.run(`CREATE ROLE shop LOGIN PASSWORD 'role-canary-1'`)
    await server.run('CREATE ROLE reader')
  })
  afterAll(async () => {
    await server.stop()
    await scratch.remove()
  })

  async function makeDatabase(name: string): Promise<string> {
    const quoted = `"${name.replaceAll('"', '""')}"`
    await server.run(
      `CREATE DATABASE ${quoted} OWNER shop TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
    )
    await server.run(
      `CREATE TABLE orders (id serial PRIMARY KEY, name text);
       INSERT INTO orders (name) SELECT 'order ' || n FROM generate_series(1, 500) n;
       INSERT INTO orders (name) VALUES (E'tab\\t back\\\\slash \\n line; COMMIT; ünï');
       CREATE VIEW recent AS SELECT * FROM orders WHERE id > 400;
       GRANT SELECT ON orders TO reader;
       SELECT lo_from_bytea(0, 'large object')`,
      name,
    )
    return quoted
  }
  const rows = (name: string) =>
    server.run('SELECT count(*), md5(string_agg(name, $$,$$ ORDER BY id)) FROM orders', name)

  test.each([
    ['custom', 'orders_custom'],
    ['plain', 'orders_plain'],
    ['custom', `we"ird na'me`],
    ['plain', `we"ird na'me; plain`],
    ['custom', 'Bücher 書籍 — köstlich'],
    ['custom', `dbname=x host=elsewhere \\ '`],
    ['custom', 'very_long_'.repeat(6) + 'abc'],
  ] as const)('a %s dump of database %j brings back rows, owner, rights and settings', async (dump, name) => {
    const quoted = await makeDatabase(name)
    await server.run(`ALTER DATABASE ${quoted} SET search_path TO "$user", public, "odd, name"`)
    await server.run(`ALTER DATABASE ${quoted} SET work_mem TO '7MB'`)
    await server.run(`ALTER DATABASE ${quoted} SET default_transaction_read_only TO off`)
    await server.run(`ALTER ROLE reader IN DATABASE ${quoted} SET "my.tenant" TO 'a''b'`)
    await server.run(`REVOKE CONNECT ON DATABASE ${quoted} FROM PUBLIC`)
    await server.run(`GRANT CONNECT ON DATABASE ${quoted} TO reader WITH GRANT OPTION`)
    await server.run(`COMMENT ON DATABASE ${quoted} IS 'it''s "the" shop'`)
    const about = () =>
      server.run(
        `SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datacl,
           shobj_description(oid, 'pg_database'),
           (SELECT json_agg(json_build_array(setrole::regrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)
         FROM pg_database d WHERE datname = '${name.replaceAll("'", "''")}'`,
      )
    const before = { rows: await rows(name), about: await about() }
    const source = sourceOn(server, { database: name, dump })
    await postgres.preflight(source, scratch.context())
    const captured = await capture(source, scratch.context())
    for (const object of captured.item.objects)
      await postgres.inspect(captured.item, object, captured.sink, scratch.context())
    await server.run(`DELETE FROM orders WHERE id > 3; DROP VIEW recent; CREATE TABLE later ()`, name)
    await server.run(`ALTER DATABASE ${quoted} RESET ALL`)

    const preview = await postgres.preview(captured.item, { restoreId: 'r/1' }, scratch.context())
    const { swapped } = await restore(captured, { restoreId: 'r/1' }, scratch.context())

    expect(await rows(name)).toBe(before.rows)
    expect(await about()).toBe(before.about)
    expect(await server.run(`SELECT count(*) FROM recent`, name)).toBe('101')
    expect(
      await server.run(`SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata`, name),
    ).toBe('large object')
    expect(await server.run(`SELECT has_table_privilege('reader', 'orders', 'SELECT')`, name)).toBe('t')
    expect(preview.effects[0]).toContain(`replaces database "${name}"`)
    expect(swapped.restored[0]).toContain(name)
    const [safety] = await databasesLike(server, [...name].slice(0, 10).join('')).then((names) =>
      names.filter((other) => other.includes('_holdfast_before_')),
    )
    expect(swapped.safetyCopies[0]).toContain(safety)
    expect(await server.run('SELECT count(*) FROM orders', safety)).toBe('3')
    expect(captured.item.counts).toEqual({ databases: 1, tables: 1 })
    expect(captured.item.hints).toMatchObject({ owner: 'shop', encoding: 'UTF8' })
    expect(captured.item.tools['pg_dump']).toMatch(/^\d+\.\d+/)
  })

  test('another database can be the target, and is made when it is not there', async () => {
    await makeDatabase('shop_main')
    const captured = await capture(sourceOn(server, { database: 'shop_main' }), scratch.context())

    const target = { restoreId: 'r/2', database: 'shop copy' }
    const preview = await postgres.preview(captured.item, target, scratch.context())
    const { moves, swapped } = await restore(captured, target, scratch.context())

    expect(preview.effects[0]).toContain('creates database "shop copy"')
    expect(await rows('shop copy')).toBe(await rows('shop_main'))
    expect(swapped.safetyCopies).toEqual([])

    await postgres.discard(moves, scratch.context())
    await postgres.discard(moves, scratch.context())

    expect(await databasesLike(server, 'shop')).toEqual(['shop_main'])
  })

  test('a swap ends the sessions of the database, may run twice, and is undone whole', async () => {
    await makeDatabase('undone')
    const captured = await capture(sourceOn(server, { database: 'undone' }), scratch.context())
    await server.run(`INSERT INTO orders (name) VALUES ('after the backup')`, 'undone')
    const newest = await rows('undone')
    const session = server.run('SELECT pg_sleep(60)', 'undone').catch((error: Error) => error.message)

    const { moves } = await restore(captured, { restoreId: 'r/3' }, scratch.context())
    const again = await postgres.swap(moves, scratch.context())

    expect(await session).toContain('terminating connection')
    expect(await rows('undone')).not.toBe(newest)
    expect(again.safetyCopies).toHaveLength(1)

    await postgres.discard(moves, scratch.context())
    await postgres.discard(moves, scratch.context())

    expect(await rows('undone')).toBe(newest)
    expect(await databasesLike(server, 'undone')).toEqual(['undone'])
  })

  test('staging twice begins anew and leaves the database in use alone', async () => {
    await makeDatabase('twice')
    const before = await rows('twice')
    const captured = await capture(sourceOn(server, { database: 'twice' }), scratch.context())

    const [first] = await postgres.stage(
      captured.item,
      { restoreId: 'r/4' },
      captured.sink,
      scratch.context(),
    )
    const moves = await postgres.stage(captured.item, { restoreId: 'r/4' }, captured.sink, scratch.context())

    expect(moves[0]?.staged).toBe(first?.staged)
    expect(moves[0]?.identity).not.toBe(first?.identity)
    expect(await rows('twice')).toBe(before)

    await postgres.discard(moves, scratch.context())
    expect(await databasesLike(server, 'twice')).toEqual(['twice'])
  })
})
