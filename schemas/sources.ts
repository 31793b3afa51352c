import { Type, type Static } from 'typebox'
import { PlanSecret, ServiceReference, choice, strict } from './common.js'
import { PATH_PATTERN } from './patterns.js'
import { Hold } from './holds.js'
import { oneOfTypes } from './one-of.js'

const everySource = {
  live: Type.Optional(
    Type.Boolean({ description: 'Needs no hold: read before anything stops.', examples: [true] }),
  ),
  hold: Type.Optional(Hold),
}

const exclude = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
    maxItems: 1000,
    description:
      'Globs of what to leave out: with a slash, relative to each path of the source; without one, names at any depth.',
    examples: [['cache/**', '*.tmp']],
  }),
)

export const FilesSource = strict(
  {
    type: Type.Literal('files', { description: 'Files and folders of the host.', examples: ['files'] }),
    paths: Type.Array(Type.String({ pattern: PATH_PATTERN, description: 'An absolute path.' }), {
      minItems: 1,
      maxItems: 1000,
      uniqueItems: true,
      description: 'Absolute paths of files and folders. Folders are read whole.',
      examples: [['/etc/shop', '/opt/shop/.env']],
    }),
    exclude,
    ...everySource,
  },
  'Files and folders of the host.',
)
export type FilesSource = Static<typeof FilesSource>

export const VolumeSource = strict(
  {
    type: Type.Literal('volume', { description: 'A Docker volume.', examples: ['volume'] }),
    volume: Type.String({
      minLength: 1,
      description: 'Name of the Docker volume.',
      examples: ['shop_uploads'],
    }),
    exclude,
    ...everySource,
  },
  'A Docker volume, read without starting anything in the service that uses it.',
)
export type VolumeSource = Static<typeof VolumeSource>

const Connection = strict(
  {
    host: Type.String({
      minLength: 1,
      description: 'Name or address of the server, or the folder of its socket.',
      examples: ['db.lan'],
    }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: 'Port of the server.', examples: [5432] }),
    ),
    tls: Type.Optional(
      choice(
        ['disable', 'prefer', 'require', 'verify-full'],
        'How the connection is secured, in the words of libpq. Default: prefer.',
        'require',
      ),
    ),
  },
  'A database server that is reached over the network or a socket.',
  { host: 'db.lan', port: 5432, tls: 'require' },
)

export const PostgresSource = strict(
  {
    type: Type.Literal('postgres', { description: 'PostgreSQL.', examples: ['postgres'] }),
    in: Type.Optional(ServiceReference),
    connection: Type.Optional(Connection),
    database: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        description: 'The one database to dump.',
        examples: ['orders'],
      }),
    ),
    databases: Type.Optional(
      Type.Literal('all', {
        description: 'Every database of the server, and its globals (roles, tablespaces).',
        examples: ['all'],
      }),
    ),
    user: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'User of the database. Default: postgres.',
        examples: ['backup'],
      }),
    ),
    password: Type.Optional(PlanSecret),
    dump: Type.Optional(
      choice(
        ['custom', 'plain'],
        'Format of the dump: `custom` (for pg_restore) or `plain` (SQL text). Default: custom.',
        'custom',
      ),
    ),
    ...everySource,
  },
  'One PostgreSQL database, or all of a server, dumped by the pg_dump that matches the server.',
)
export type PostgresSource = Static<typeof PostgresSource>

const MysqlConnection = strict(
  {
    host: Type.String({
      minLength: 1,
      description: 'Name or address of the server, or the path of its socket.',
      examples: ['db.lan'],
    }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: 'Port of the server.', examples: [3306] }),
    ),
    tls: Type.Optional(
      choice(
        ['disable', 'verify-full'],
        'How the connection is secured: not at all, or with the certificate of the server checked. Default: as the client program does by itself.',
        'verify-full',
      ),
    ),
    authority: Type.Optional(
      Type.String({
        pattern: PATH_PATTERN,
        description:
          'File with the certificate authorities that `verify-full` trusts. Default: those of the system.',
        examples: ['/etc/holdfast/database-ca.pem'],
      }),
    ),
  },
  'A MySQL or MariaDB server that is reached over the network or a socket.',
  { host: 'db.lan', port: 3306, tls: 'verify-full' },
)

export const MysqlSource = strict(
  {
    type: Type.Literal('mysql', { description: 'MySQL and MariaDB.', examples: ['mysql'] }),
    in: Type.Optional(ServiceReference),
    connection: Type.Optional(MysqlConnection),
    database: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'The one database to dump.',
        examples: ['shop'],
      }),
    ),
    databases: Type.Optional(
      Type.Literal('all', {
        description:
          'Every database of the server, without its own (`mysql`, `sys`): accounts are not captured.',
        examples: ['all'],
      }),
    ),
    user: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Account of the server. Default: root.',
        examples: ['backup'],
      }),
    ),
    password: Type.Optional(PlanSecret),
    ...everySource,
  },
  'One MySQL or MariaDB database, or all of a server, dumped by the program that belongs to it. Restored beside what is there, never in its place.',
)
export type MysqlSource = Static<typeof MysqlSource>

export const SqliteSource = strict(
  {
    type: Type.Literal('sqlite', { description: 'SQLite.', examples: ['sqlite'] }),
    paths: Type.Array(
      Type.String({ pattern: PATH_PATTERN, description: 'Absolute path of a database file.' }),
      {
        minItems: 1,
        maxItems: 1000,
        uniqueItems: true,
        description: 'Absolute paths of SQLite database files.',
        examples: [['/srv/shop/sessions.db']],
      },
    ),
    ...everySource,
  },
  'SQLite databases, copied by SQLite itself and checked before and after.',
)
export type SqliteSource = Static<typeof SqliteSource>

export const Source = oneOfTypes(
  [FilesSource, VolumeSource, PostgresSource, MysqlSource, SqliteSource],
  'One thing that the plan reads.',
  { type: 'files', paths: ['/etc/shop'] },
)
export type Source = Static<typeof Source>
export type SourceType = Source['type']
export type SourceOf<T extends SourceType> = Extract<Source, { type: T }>
