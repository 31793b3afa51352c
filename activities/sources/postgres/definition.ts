import type { DatabaseGrant, DatabaseRecord, DatabaseSetting } from './describe.js'
import { identifier, literal } from './quote.js'

/** Makes an empty database like the recorded one, under another name. Not from template1, which may hold things of its own. */
export function createStatement(record: DatabaseRecord, name: string, serverMajor: number): string {
  const options = [
    'TEMPLATE template0',
    `OWNER ${identifier(record.owner)}`,
    `ENCODING ${literal(record.encoding)}`,
    `LC_COLLATE ${literal(record.collate)}`,
    `LC_CTYPE ${literal(record.characterType)}`,
    ...localeOptions(record, serverMajor),
    ...(record.tablespace === 'pg_default' ? [] : [`TABLESPACE ${identifier(record.tablespace)}`]),
  ]
  return `CREATE DATABASE ${identifier(name)} ${options.join(' ')};`
}

function localeOptions({ provider, locale }: DatabaseRecord, serverMajor: number): string[] {
  // Before 15 there is libc only, and no word for it.
  if (serverMajor < 15) return []
  if (locale === null || provider === 'c') return ['LOCALE_PROVIDER libc']
  return provider === 'i'
    ? ['LOCALE_PROVIDER icu', `ICU_LOCALE ${literal(locale)}`]
    : ['LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${literal(locale)}`]
}

/**
 * What belongs to the database rather than to its content. Comes after the content: a setting like
 * `default_transaction_read_only` or a connection limit would stand in its way.
 */
export function propertyStatements(record: DatabaseRecord, name: string): string[] {
  const database = identifier(name)
  return [
    ...grantStatements(record, database),
    ...record.settings.map((setting) => settingStatement(setting, database)),
    ...(record.comment === null ? [] : [`COMMENT ON DATABASE ${database} IS ${literal(record.comment)};`]),
    ...(record.connectionLimit < 0
      ? []
      : [`ALTER DATABASE ${database} CONNECTION LIMIT ${record.connectionLimit};`]),
    ...(record.isTemplate ? [`ALTER DATABASE ${database} IS_TEMPLATE true;`] : []),
  ]
}

const PRIVILEGES: ReadonlySet<string> = new Set(['CREATE', 'TEMPORARY', 'CONNECT'])

function grantStatements({ grants, owner }: DatabaseRecord, database: string): string[] {
  if (grants === null) return []
  const known = grants.filter(({ privilege }) => PRIVILEGES.has(privilege))
  return [
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${identifier(owner)};`,
    ...known.map((grant) => grantStatement(grant, database)),
  ]
}

const grantStatement = ({ to, privilege, isGrantable }: DatabaseGrant, database: string): string =>
  `GRANT ${privilege} ON DATABASE ${database} TO ${to === null ? 'PUBLIC' : identifier(to)}${isGrantable ? ' WITH GRANT OPTION' : ''};`

/** Settings whose value is a list of names, each quoted by itself. As in pg_dump's `variable_is_guc_list_quote`. */
const LISTS_OF_NAMES: ReadonlySet<string> = new Set([
  ...['local_preload_libraries', 'search_path', 'session_preload_libraries', 'shared_preload_libraries'],
  ...['temp_tablespaces', 'unix_socket_directories'],
])

function settingStatement({ role, setting }: DatabaseSetting, database: string): string {
  const separator = setting.indexOf('=')
  const name = setting.slice(0, separator)
  const value = setting.slice(separator + 1)
  const values = LISTS_OF_NAMES.has(name) ? listedNames(value) : [value]
  const whose =
    role === null ? `ALTER DATABASE ${database}` : `ALTER ROLE ${identifier(role)} IN DATABASE ${database}`
  return `${whose} SET ${identifier(name)} TO ${values.map(literal).join(', ') || "''"};`
}

/** `"$user", public` → `$user`, `public` */
const listedNames = (list: string): string[] =>
  [...list.matchAll(/"((?:[^"]|"")*)"|([^",\s]+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  )
