import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { partName } from '../../../../activities/sources/part-name.js'
import type { Attempt } from '../../../../activities/sources/program-failure.js'
import { createStatement, propertyStatements } from '../../../../activities/sources/postgres/definition.js'
import type { DatabaseRecord } from '../../../../activities/sources/postgres/describe.js'
import { databaseFailure, excerptOf } from '../../../../activities/sources/postgres/failures.js'
import { feedOf } from '../../../../activities/sources/feed.js'
import { rolesIn, statementsForMissingRoles } from '../../../../activities/sources/postgres/globals.js'
import {
  isOwnName,
  MAX_NAME_BYTES,
  safetyName,
  stagedName,
} from '../../../../activities/sources/staged-names.js'
import { identifier, literal } from '../../../../activities/sources/postgres/quote.js'
import { decideDiscard, decideSwap } from '../../../../activities/sources/postgres/swap.js'
import { chooseTool, parseToolVersion } from '../../../../activities/sources/postgres/tools.js'
import { wholeDump } from '../../../../activities/sources/whole-dump.js'
import type { StagedMove } from '../../../../core/work/restore.js'

describe('names', () => {
  test('fit PostgreSQL, tell databases apart, and are the same again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.string(),
        (database, restoreId) => {
          const names = [stagedName(database, restoreId), safetyName(database, restoreId)]

          for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_NAME_BYTES)
          expect(names.every(isOwnName)).toBe(true)
          expect(new Set([database, ...names]).size).toBe(3)
          expect(names).toEqual([stagedName(database, restoreId), safetyName(database, restoreId)])
        },
      ),
    )
    expect(stagedName('x'.repeat(60) + 'a', 'r')).not.toBe(stagedName('x'.repeat(60) + 'b', 'r'))
    expect(stagedName('orders', 'r/1')).toMatch(/^orders_holdfast_[0-9a-f]{6}$/)
  })

  test.each([
    'orders',
    'holdfast',
    'orders_holdfast',
    'orders_holdfast_before',
    'orders_holdfast_0a1b2c_look',
  ])('of people are not taken for those of restores: %s', (name) => expect(isOwnName(name)).toBe(false))

  test('of parts are ASCII, lower case, short, and never meet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        expect(partName(one)).toMatch(/^[a-z0-9_%-]{0,120}$/)
        expect(partName(one) === partName(other)).toBe(one === other)
      }),
    )
    expect(partName(`We"ird na'me.db`)).toBe('%57e%22ird%20na%27me%2edb')
  })

  test('and texts are quoted for SQL', () => {
    expect(identifier(`we"ird na'me`)).toBe(`"we""ird na'me"`)
    expect(literal(`it's`)).toBe(`'it''s'`)
    expect(literal(`a\\'b`)).toBe(`E'a\\\\''b'`)
  })
})

describe('the version of a tool', () => {
  const tool = (major: number) => ({
    program: `/usr/lib/postgresql/${major}/bin/pg_dump`,
    version: `${major}.1`,
    major,
  })

  test.each([
    ['the one of the server', [13, 17, 15], 15, 15],
    ['the next newer one', [13, 17, 16], 15, 16],
    ['none that is older', [13, 14], 15, undefined],
    ['none where there is none', [], 15, undefined],
  ])('is %s', (_, majors, server, chosen) => {
    expect(chooseTool(majors.map(tool), server)?.major).toBe(chosen)
  })

  test.each([
    ['pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n', '15.18', 15],
    ['pg_restore (PostgreSQL) 17beta1\n', '17beta1', 17],
    ['psql (PostgreSQL) 9.6.24', '9.6.24', 9],
  ])('is read from %j', (printed, version, major) => {
    expect(parseToolVersion('x', printed)).toEqual({ program: 'x', version, major })
  })
})

describe('what a tool said last', () => {
  const attempt: Attempt = {
    ...{
      server: 'PostgreSQL on db.lan',
      user: 'backup',
      program: 'pg_dump',
      work: 'dumping database "orders"',
    },
    ...{ otherwise: 'source.failed', secrets: ['s3cret'] },
  }

  test('is cut to its first error, without statements, rows and secrets', () => {
    const stderr = [
      "pg_restore: error: could not execute query: ERROR:  bad s3cret thing PASSWORD 'SCRAM-SHA-256$4096:abc$def:ghi' here.",
      "Command was: INSERT INTO customers VALUES ('private')",
    ].join('\n')

    expect(excerptOf(stderr, ['s3cret'])).toBe(
      'could not execute query: ERROR:  bad *** thing PASSWORD *** here',
    )
    expect(excerptOf('x'.repeat(1000), [])).toHaveLength(201)
    expect(excerptOf('\n', [])).toBeUndefined()
  })

  test.each([
    ['FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "backup"', 'database.denied'],
    ['FATAL:  Peer authentication failed for user "postgres"', 'database.denied'],
    ['pg_dump: error: aborting because of server version mismatch', 'source.tool-version'],
    ['FATAL:  sorry, too many clients already', 'database.unreachable'],
    ['FATAL:  the database system is starting up', 'database.unreachable'],
    ['ERROR:  permission denied for table customers', 'database.denied'],
    ['ERROR:  could not extend file "base/1/2": No space left on device', 'source.no-space'],
    ['anything else', 'source.failed'],
  ])('%j is %s', (stderr, code) => {
    const error = databaseFailure(attempt, { code: 1, stderr })

    expect(error).toMatchObject({ code })
    expect(error.message).toContain('dumping database "orders" failed')
    expect(error.hint).toBeTruthy()
  })
})

describe('recorded roles', () => {
  const globals = `
-- a comment; with a semicolon
\\restrict abc
CREATE ROLE "odd ""; role";
ALTER ROLE "odd ""; role" WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$x;y';
CREATE ROLE reader;
ALTER ROLE reader WITH LOGIN;
ALTER ROLE reader SET search_path TO 'a', 'b;c';
COMMENT ON ROLE reader IS 'reads; it''s
CREATE ROLE fake;';
GRANT reader TO "odd ""; role" GRANTED BY postgres;
GRANT "odd ""; role" TO reader;
CREATE TABLESPACE fast OWNER reader LOCATION '/fast';
DROP ROLE reader;
\\unrestrict abc
`
  test('that exist stay as they are; the others come with all that makes them', () => {
    expect(rolesIn(globals)).toEqual([`odd "; role`, 'reader'])
    expect(statementsForMissingRoles(globals, new Set(['reader']))).toEqual([
      'CREATE ROLE "odd ""; role";',
      `ALTER ROLE "odd ""; role" WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$x;y';`,
      'GRANT reader TO "odd ""; role" GRANTED BY postgres;',
    ])
    expect(statementsForMissingRoles(globals, new Set([`odd "; role`, 'reader']))).toEqual([])
    expect(statementsForMissingRoles(globals, new Set()).join()).not.toMatch(/DROP|TABLESPACE/)
  })
})

describe('the definition of a database', () => {
  const record: DatabaseRecord = {
    ...{ name: 'orders', owner: 'shop', encoding: 'UTF8', collate: 'C', characterType: 'C', provider: 'i' },
    ...{ locale: 'de-DE', tablespace: 'fast', connectionLimit: 5, isTemplate: false, comment: null },
    ...{ grants: null, settings: [], extensions: [], tables: 1 },
  }

  test('has the locale in the words of the server', () => {
    expect(createStatement(record, 'x', 16)).toContain(
      `LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' TABLESPACE "fast"`,
    )
    expect(createStatement({ ...record, provider: 'b' }, 'x', 17)).toContain(`BUILTIN_LOCALE 'de-DE'`)
    expect(createStatement({ ...record, provider: 'c', locale: null }, 'x', 14)).not.toContain(
      'LOCALE_PROVIDER',
    )
  })

  test('keeps lists of names as lists', () => {
    const settings = [
      { role: null, setting: `search_path="$user", public, "a, ""b"""` },
      { role: 'shop', setting: 'work_mem=7MB' },
      { role: null, setting: 'search_path=""' },
    ]

    expect(propertyStatements({ ...record, settings }, 'x')).toEqual([
      `ALTER DATABASE "x" SET "search_path" TO '$user', 'public', 'a, "b"';`,
      `ALTER ROLE "shop" IN DATABASE "x" SET "work_mem" TO '7MB';`,
      `ALTER DATABASE "x" SET "search_path" TO '';`,
      'ALTER DATABASE "x" CONNECTION LIMIT 5;',
    ])
  })
})

describe('a swap', () => {
  const move: StagedMove = { kind: 'database', target: 't', staged: 's', safety: 'b', identity: '7' }
  const exchange = [
    { from: 't', to: 'b' },
    { from: 's', to: 't' },
  ]

  test.each([
    ['exchanges old and new', { target: '1', staged: '7' }, { renames: exchange }],
    ['only renames where nothing was before', { staged: '7' }, { renames: [{ from: 's', to: 't' }] }],
    ['has nothing left to do', { target: '7', safety: '1' }, { renames: [] }],
    ['misses what was staged', { target: '1' }, 'gone'],
    ['does not take another database for the staged one', { target: '1', staged: '8' }, 'gone'],
    ['never overwrites what was kept', { target: '1', staged: '7', safety: '2' }, 'taken'],
  ])('%s', (_, present, step) => {
    expect(decideSwap(move, present)).toEqual(step)
  })

  test.each([
    [
      'brings the old one back',
      { target: '7', safety: '1' },
      {
        renames: [
          { from: 't', to: 's' },
          { from: 'b', to: 't' },
        ],
        drop: 's',
      },
    ],
    ['removes what was new', { target: '7' }, { renames: [{ from: 't', to: 's' }], drop: 's' }],
    ['drops what was only staged', { target: '1', staged: '7' }, { renames: [], drop: 's' }],
    ['has nothing left to do', { target: '1' }, { renames: [] }],
    ["drops nobody else's database", { target: '1', staged: '8' }, { renames: [] }],
    ['does not pretend to have brought it back', { target: '9', safety: '1' }, 'replaced'],
  ])('undone %s', (_, present, step) => {
    expect(decideDiscard(move, present)).toEqual(step)
  })

  test('drops nothing of which it has no identity', () => {
    expect(decideDiscard({ kind: 'database', target: 't', staged: 's', safety: 'b' }, {})).toEqual({
      renames: [],
    })
  })
})

describe('bytes on their way', () => {
  test('into a tool end with the last ones only after their source ended well', async () => {
    function* failing() {
      yield Buffer.from('one ')
      yield Buffer.from('two')
      throw new Error('digest')
    }
    const seen: string[] = []
    const feed = feedOf(Readable.from(failing(), { objectMode: false }), {
      before: 'BEGIN ',
      after: ' COMMIT',
    })

    await expect(
      (async () => {
        for await (const chunk of feed.stream) seen.push(String(chunk))
      })(),
    ).rejects.toThrow('digest')

    expect(seen.join('')).not.toContain('two')
    expect(feed.isWhole()).toBe(false)
    const good = feedOf(Readable.from([Buffer.from('x')], { objectMode: false }), {
      before: 'BEGIN ',
      after: ' COMMIT',
    })
    expect(await text(good.stream)).toBe('BEGIN x COMMIT')
    expect(good.isWhole()).toBe(true)
  })

  test('of a plain dump may go on after the end mark by a little', async () => {
    const dump = ['x'.repeat(5000), '\n-- PostgreSQL database dump', ' complete\n--\n\n\\unrestrict abc\n']
    const body = Readable.from(
      dump.map((piece) => Buffer.from(piece)),
      { objectMode: false },
    )

    expect(await text(wholeDump(body, 'plain', 'x'))).toBe(dump.join(''))
  })
})
