import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { isOwnName } from '../staged-names.js'
import { literal } from './quote.js'
import type { Server } from './server.js'

/**
 * What a dump does not carry of its database, and a restore under another name needs. pg_dump writes these only as statements
 * about the old name (`--create`), so they are recorded beside the dump.
 */
export interface DatabaseRecord {
  readonly name: string
  readonly owner: string
  readonly encoding: string
  readonly collate: string
  readonly characterType: string
  /** `c` libc, `i` ICU, `b` builtin. */
  readonly provider: string
  readonly locale: string | null
  readonly tablespace: string
  readonly connectionLimit: number
  readonly isTemplate: boolean
  readonly comment: string | null
  /** Null: the defaults of PostgreSQL. */
  readonly grants: readonly DatabaseGrant[] | null
  readonly settings: readonly DatabaseSetting[]
  readonly extensions: readonly string[]
  readonly tables: number
}
export interface DatabaseGrant {
  /** Null: everybody. */
  readonly to: string | null
  readonly privilege: string
  readonly isGrantable: boolean
}
export interface DatabaseSetting {
  /** Null: every role. */
  readonly role: string | null
  /** `search_path=shop, public` */
  readonly setting: string
}

/** Every database that can be dumped, but what restores made. The two templates that belong to the server itself are none. */
export async function listDatabases(server: Server): Promise<string[]> {
  const names = await server.ask<string[]>({
    sql: `SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_catalog.pg_database
          WHERE datallowconn AND datname NOT IN ('template0', 'template1')`,
    work: 'listing its databases',
  })
  return names.filter((name) => !isOwnName(name))
}

export const describeDatabase = (server: Server, database: string): Promise<DatabaseRecord> =>
  server.ask({ database, sql: databaseQuery(server.facts.major), work: `describing database "${database}"` })

const USER_TABLES = `
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`

function databaseQuery(major: number): string {
  const provider = major >= 15 ? 'd.datlocprovider' : `'c'`
  const locale = major >= 17 ? 'd.datlocale' : major >= 15 ? 'd.daticulocale' : 'NULL'
  return `
    SELECT json_build_object(
      'name', d.datname, 'owner', pg_get_userbyid(d.datdba), 'encoding', pg_encoding_to_char(d.encoding),
      'collate', d.datcollate, 'characterType', d.datctype, 'provider', ${provider}, 'locale', ${locale},
      'tablespace', t.spcname, 'connectionLimit', d.datconnlimit, 'isTemplate', d.datistemplate,
      'comment', shobj_description(d.oid, 'pg_database'),
      'grants', (
        SELECT json_agg(json_build_object(
          'to', CASE WHEN grantee = 0 THEN NULL ELSE pg_get_userbyid(grantee) END,
          'privilege', privilege_type, 'isGrantable', is_grantable))
        FROM aclexplode(d.datacl)),
      'settings', (
        SELECT coalesce(json_agg(json_build_object(
          'role', CASE WHEN s.setrole = 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END, 'setting', one)), '[]')
        FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) one WHERE s.setdatabase = d.oid),
      'tables', (SELECT count(*) ${USER_TABLES} AND c.relkind IN ('r', 'p')),
      'extensions', (SELECT coalesce(json_agg(extname ORDER BY extname), '[]') FROM pg_catalog.pg_extension))
    FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
    WHERE d.datname = current_database()`
}

/** A table, view or sequence that this user may not read, though a dump would have to. */
export async function unreadableIn(server: Server, database: string): Promise<string | undefined> {
  if (server.facts.isSuperuser) return undefined
  const [unreadable] = await server.ask<string[]>({
    database,
    sql: `
      SELECT coalesce(json_agg(name), '[]') FROM (
        SELECT format('%I.%I', n.nspname, c.relname) AS name ${USER_TABLES}
          AND c.relkind IN ('r', 'p', 'm', 'S')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')
          AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))
        LIMIT 1) first`,
    work: `checking the rights on database "${database}"`,
  })
  return unreadable
}

/** Identities of those of the names that are databases, by name. */
export const findDatabases = (
  server: Server,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> =>
  server.ask({
    database: server.home(names),
    sql: `SELECT coalesce(json_object_agg(datname, oid::text), '{}') FROM pg_catalog.pg_database
          WHERE datname IN (${names.map(literal).join(', ')})`,
    work: 'looking for databases',
  })

/** Where the record of an object's database is among the hints of its item. */
export const recordHint = (part: string | undefined): string =>
  part === undefined ? 'database' : `database.${part}`

export function recordOf(item: Item, object: StoredObject): DatabaseRecord {
  const hint = item.hints[recordHint(object.part)]
  if (hint === undefined) {
    throw new HoldfastError(
      'backup.corrupt',
      `The manifest does not say which database "${object.name}" is.`,
      {
        hint: 'Restore it by hand: docs/restore.md says how.',
      },
    )
  }
  return JSON.parse(hint) as DatabaseRecord
}
