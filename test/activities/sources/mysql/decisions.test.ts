import { connectionArguments } from '../../../../activities/sources/mysql/connection.js'
import {
  grantStatements,
  missingToDump,
  missingToRestore,
} from '../../../../activities/sources/mysql/grants.js'
import { parseRows } from '../../../../activities/sources/mysql/server.js'
import { parseToolVersion } from '../../../../activities/sources/mysql/tools.js'
import { changedBetween } from '../../../../activities/sources/mysql/unsafe-tables.js'

const PROC = 'GRANT SELECT ON `mysql`.`proc` TO `b`@`%`'
const READING = 'GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON'

describe('the rights that a dump lacks', () => {
  test.each<[string, string[], string[]]>([
    [
      'none for an administrator',
      ['GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION'],
      [],
    ],
    ['none with all of the database', ['GRANT ALL PRIVILEGES ON `shop_a`.* TO `b`@`%`', PROC], []],
    ['none with an escaped name', [`${READING} \`shop\\_a\`.* TO \`b\`@\`%\``, PROC], []],
    ['none with a pattern', [`${READING} \`shop%\`.* TO \`b\`@\`%\``, PROC], []],
    [
      'all with rights on another database',
      [`${READING} \`shop.a\`.* TO \`b\`@\`%\``, PROC],
      ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'],
    ],
    [
      'those that are of one table only',
      [
        'GRANT SELECT ON `shop_a`.`orders` TO `b`@`%`',
        'GRANT SHOW VIEW, TRIGGER, EVENT ON *.* TO `b`@`%`',
        PROC,
      ],
      ['SELECT'],
    ],
    ['the routines', [`${READING} \`shop_a\`.* TO \`b\`@\`%\``], ['SELECT']],
    [
      'everything but roles',
      ['GRANT `reader` TO `b`@`%`'],
      ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'SELECT'],
    ],
  ])('are %s', (_, grants, missing) => {
    const found = missingToDump(grants, { databases: ['shop_a'], flavour: 'MariaDB' })

    expect(found.map(({ privilege }) => privilege)).toEqual(missing)
  })

  test('are asked for the whole server, where all databases are wanted', () => {
    const found = missingToDump([`${READING} \`%\`.* TO \`b\`@\`%\``], { databases: 'all', flavour: 'MySQL' })

    expect(grantStatements(found, "b'x@%")).toBe(
      "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, SHOW_ROUTINE ON *.* TO 'b''x'@'%';",
    )
    expect(missingToRestore(['GRANT ALL PRIVILEGES ON *.* TO `b`@`%`'], ['a', 'b'])).toEqual([])
  })
})

test.each([
  [
    'mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)',
    '10.11.19-MariaDB',
    'MariaDB',
  ],
  ['mariadb from 11.4.2-MariaDB, client 15.2 for Linux', '11.4.2-MariaDB', 'MariaDB'],
  ['mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)', '8.0.36', 'MySQL'],
  ['mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)', '5.7.44', 'MySQL'],
])('the version and family of a program are read from %j', (printed, version, flavour) => {
  expect(parseToolVersion('x', printed)).toEqual({ program: 'x', version, flavour })
})

test('what the client prints is read, with what it escapes', () => {
  expect(parseRows('a\\tb\tc\\\\n\n\\0\tNULL\n')).toEqual([
    ['a\tb', 'c\\n'],
    ['\0', 'NULL'],
  ])
})

test.each([
  ['a socket', { host: '/run/db.sock' }, 'MariaDB' as const, ['--protocol=socket', '--socket=/run/db.sock']],
  [
    'TLS of MariaDB',
    { host: 'db', port: 1, tls: 'verify-full' as const, authority: '/ca.pem' },
    'MariaDB' as const,
    ['--protocol=tcp', '--host=db', '--port=1', '--ssl-verify-server-cert', '--ssl-ca=/ca.pem'],
  ],
  [
    'TLS of MySQL',
    { host: 'db', tls: 'verify-full' as const },
    'MySQL' as const,
    [
      '--protocol=tcp',
      '--host=db',
      '--ssl-mode=VERIFY_IDENTITY',
      '--ssl-ca=/etc/ssl/certs/ca-certificates.crt',
    ],
  ],
])('%s is said in the words of the programs', (_, connection, flavour, expected) => {
  expect(connectionArguments({ type: 'mysql', connection }, 'b', flavour)).toEqual([
    ...['--no-defaults', '--user=b', ...expected],
  ])
})

test.each([
  ['not touched since', '2026-03-01 08:59:59', '5', false],
  ['written to within the second of the first look', '2026-03-01 09:00:00', '5', true],
  ['written to later', '2026-03-01 09:00:07', '5', true],
  ['of another size', '', '6', true],
  ['without a time, and the same', '', '5', false],
])('a table without transactions that is %s', (_, updatedAt, facts, isChanged) => {
  const before = { at: '2026-03-01 09:00:00', tables: new Map([['t', { updatedAt, facts: '5' }]]) }
  const after = { at: '2026-03-01 09:01:00', tables: new Map([['t', { updatedAt, facts }]]) }

  expect(changedBetween(before, after, 'shop')).toEqual(
    isChanged ? [{ path: 'shop.t', cause: 'changed' }] : [],
  )
})
