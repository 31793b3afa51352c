import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mysql } from '../../../../activities/sources/mysql.js'
import { sourceContext } from '../../../fakes/source-context.js'
import { startMariadb, type MariadbServer } from '../../../support/mariadb.js'
import { describeWith } from '../../../support/needs.js'
import { capture, databasesLike, failureOf, restore, sourceOn } from './support.js'

/** Of everything that a dump could lose or bend, one. */
const SHOP = `
  CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100)) ENGINE=InnoDB;
  CREATE TABLE orders (
    id INT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, net DECIMAL(10,2),
    gross DECIMAL(10,2) AS (net * 1.19) STORED, doubled DECIMAL(10,2) AS (net * 2) VIRTUAL,
    picture LONGBLOB, at TIMESTAMP NULL,
    FOREIGN KEY (customer) REFERENCES customers (id)
  ) ENGINE=InnoDB;
  CREATE TABLE audit (what VARCHAR(200)) ENGINE=InnoDB;
  INSERT INTO customers (name) VALUES ('Zoë 🚀 \\\\ \\' " ; -- x'), (NULL), ('tab\\tand\\nline');
  INSERT INTO orders (customer, net, picture, at) SELECT 1, seq, UNHEX(REPEAT('00FF1A0D0A5C27', 1000)), '2026-03-29 01:30:00' FROM mysql.seq_1_to_50;
  CREATE VIEW totals AS SELECT customer, SUM(gross) AS gross FROM orders GROUP BY customer;
  DELIMITER //
  CREATE TRIGGER audited AFTER INSERT ON orders FOR EACH ROW BEGIN INSERT INTO audit VALUES (CONCAT('order ', NEW.id)); END//
  CREATE PROCEDURE clean(IN days INT) BEGIN DELETE FROM audit WHERE days > 0; END//
  CREATE FUNCTION tax(net DECIMAL(10,2)) RETURNS DECIMAL(10,2) DETERMINISTIC RETURN net * 0.19//
  CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO CALL clean(1)//
  DELIMITER ;`

describeWith(['mariadb'], 'a MariaDB database, there and back', () => {
  let server: MariadbServer
  let scratch: string
  beforeAll(async () => {
    ;[server, scratch] = await Promise.all([startMariadb(), mkdtemp(join(tmpdir(), 'holdfast-mysql-'))])
  })
  afterAll(async () => {
    await server.stop()
    await rm(scratch, { recursive: true })
  })
  const context = () => sourceContext({ scratchFolder: scratch, sourceName: 'orders' })
  const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``
  const ours = async () =>
    (await databasesLike(server, '')).filter(
      (name) => !['mysql', 'sys', 'information_schema', 'performance_schema'].includes(name),
    )
  const dropOurs = async () => {
    for (const name of await ours()) await server.run(`DROP DATABASE ${quoted(name)}`)
  }
  afterEach(dropOurs)
  const make = async (name: string) => {
    await server.run(`CREATE DATABASE ${quoted(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
    await server.run(SHOP, name)
  }
  const content = (name: string) =>
    server.run(
      `CHECKSUM TABLE customers, orders, audit EXTENDED;
       SELECT id, HEX(name) FROM customers ORDER BY id; SELECT id, gross, doubled, MD5(picture), at FROM orders ORDER BY id;
       SELECT * FROM totals; SELECT tax(100);
       SELECT @@character_set_database, @@collation_database;
       SHOW CREATE TRIGGER audited; SHOW CREATE PROCEDURE clean; SHOW CREATE TABLE orders; SHOW CREATE EVENT nightly`,
      name,
    )
  const comparable = async (name: string) =>
    (await content(name)).replaceAll(name, 'it').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d/g, '')

  test.each(['shop', '-we`ird nàme'])('%s comes back whole, with all that belongs to it', async (name) => {
    await make(name)
    const before = await comparable(name)
    const source = sourceOn(server, { database: name })
    await mysql.preflight(source, context())

    const captured = await capture(source, context())
    await server.run(`DROP DATABASE ${quoted(name)}`)
    const preview = await mysql.preview(captured.item, { restoreId: 'r/1' }, context())
    const { swapped } = await restore(captured, { restoreId: 'r/1' }, context())

    expect(await comparable(name)).toBe(before)
    expect(captured.item.counts).toEqual({
      ...{ databases: 1, tables: 3, views: 1, triggers: 1, routines: 2, events: 1 },
    })
    expect(captured.item.notCaptured).toEqual([])
    expect(preview.effects[0]).toContain(`creates database "${name}"`)
    expect(swapped).toMatchObject({ safetyCopies: [], kept: [] })
    expect(await databasesLike(server, name)).toEqual([name])
  })

  test('a database that is there is never replaced, and another name takes the data', async () => {
    await make('kept')
    const captured = await capture(sourceOn(server, { database: 'kept' }), context())
    await server.run(`DELETE FROM orders WHERE id > 1`, 'kept')
    const before = await comparable('kept')

    const refusal = await failureOf(mysql.preview(captured.item, { restoreId: 'r/2' }, context()))
    const staging = await failureOf(
      mysql.stage(captured.item, { restoreId: 'r/2' }, captured.sink, context()),
    )
    const { moves } = await restore(captured, { restoreId: 'r/2', database: 'copy' }, context())

    expect(refusal).toMatchObject({ code: 'restore.conflict' })
    expect(refusal.hint).toContain('--database')
    expect(staging).toMatchObject({ code: 'restore.conflict' })
    expect(await comparable('kept')).toBe(before)
    expect(await server.run('SELECT COUNT(*) FROM orders', 'copy')).toBe('50')

    await mysql.discard(moves, context())
    expect(await databasesLike(server, 'copy')).toEqual([])
  })

  test('an undo drops no database whose tables are not those that were restored', async () => {
    await make('undone')
    const captured = await capture(sourceOn(server, { database: 'undone' }), context())
    const { moves } = await restore(captured, { restoreId: 'r/3', database: 'again' }, context())
    await server.run('DROP DATABASE again; CREATE DATABASE again; CREATE TABLE again.theirs (n INT)')

    expect(await failureOf(mysql.discard(moves, context()))).toMatchObject({ code: 'restore.conflict' })

    expect(await server.run('SHOW TABLES', 'again')).toBe('theirs')
  })

  test('staging begins anew after it was killed, and drops nothing that is not its own', async () => {
    await make('twice')
    const captured = await capture(sourceOn(server, { database: 'twice' }), context())
    const target = { restoreId: 'r/4', database: 'half' }
    const [killed] = await mysql.stage(captured.item, target, captured.sink, context())
    await server.run('DROP TABLE orders', 'half')

    const moves = await mysql.stage(captured.item, target, captured.sink, context())

    expect(moves[0]?.staged).toBe(killed?.staged)
    expect(await server.run('SELECT COUNT(*) FROM orders', 'half')).toBe('50')
    expect(
      await failureOf(mysql.stage(captured.item, { ...target, restoreId: 'r/5' }, captured.sink, context())),
    ).toMatchObject({ code: 'restore.conflict' })
    await mysql.discard(moves, context())
    expect(await databasesLike(server, 'half')).toEqual([])
  })

  test('tables without transactions are named when they were written to meanwhile, and only then', async () => {
    await server.run(
      `CREATE DATABASE old; CREATE TABLE old.quiet (n INT) ENGINE=MyISAM; CREATE TABLE old.busy (n INT) ENGINE=Aria;
       INSERT INTO old.quiet VALUES (1); INSERT INTO old.busy VALUES (1)`,
    )
    const source = sourceOn(server, { database: 'old' })
    const writing = {
      ...context(),
      shell: () => {
        const shell = context().shell()
        return {
          ...shell,
          stream: (...given: Parameters<typeof shell.stream>) => shell.stream(...given),
          run: async (...given: Parameters<typeof shell.run>) => {
            const [, { stdin }] = given
            const asksForTables = typeof stdin === 'string' && stdin.includes('update_time')
            const answer = await shell.run(...given)
            if (asksForTables && looks++ === 0) await server.run('INSERT INTO busy VALUES (2)', 'old')
            return answer
          },
        }
      },
    }
    let looks = 0
    const isPast = `SELECT MAX(update_time) < NOW() FROM information_schema.tables WHERE table_schema = 'old'`
    while ((await server.run(isPast)) !== '1');

    const { item } = await capture(source, writing)
    while ((await server.run(isPast)) !== '1');
    const quiet = await capture(source, context())

    expect(item.notCaptured).toEqual([{ path: 'old.busy', cause: 'changed' }])
    expect(quiet.item.notCaptured).toEqual([])
  })

  test('all databases become one object each and come back together; those of the server stay out', async () => {
    await server.run('CREATE DATABASE Mixed; CREATE TABLE Mixed.t AS SELECT 7 AS n')
    // As a rehearsal has it, which may end while the dump is made.
    await server.run('CREATE DATABASE Mixed_holdfast_0a1b2c')
    const captured = await capture(sourceOn(server, { databases: 'all' }), context())
    const parts = captured.item.objects.map(({ part }) => part)

    expect(parts).toContain('%4dixed')
    expect(parts).not.toContain('mysql')
    expect(parts).not.toContain('%4dixed_holdfast_0a1b2c')
    expect(captured.item.hints['accounts']).toBe('not captured')

    await dropOurs()
    await restore(captured, { restoreId: 'r/6' }, context())

    expect(await server.run('SELECT n FROM Mixed.t')).toBe('7')
  })
})
