import type { Item, ObjectKind, StoredObject } from './backup.js'

/** A file that holds what was dumped, as no pipeline needs to be undone any more. */
export interface RecoveredFile {
  readonly object: Pick<StoredObject, 'kind' | 'part'>
  /** Absolute. */
  readonly path: string
}

/**
 * Shell commands that load the files of one item into a server where its databases are not: exact, in their order. Roles come
 * before the databases that they own. Empty for what is used as it is.
 */
export const loadCommands = (item: Item, files: readonly RecoveredFile[]): readonly string[] =>
  [...files]
    .sort((one, other) => Number(isGlobals(other)) - Number(isGlobals(one)))
    .flatMap((file) => commandsOf(item, file))

const isGlobals = ({ object }: RecoveredFile): boolean => object.kind === 'globals.sql'

function commandsOf(item: Item, file: RecoveredFile): readonly string[] {
  const { kind } = file.object
  if (item.type === 'postgres') return postgresCommands(kind, databaseOf(item, file), quoted(file.path))
  if (item.type === 'mysql') return mysqlCommands(item, databaseOf(item, file), quoted(file.path))
  return []
}

function postgresCommands(kind: ObjectKind, database: string, path: string): readonly string[] {
  if (kind === 'globals.sql') return [`psql --dbname=postgres --file=${path}`]
  const name = quoted(database)
  const load =
    kind === 'dump'
      ? `pg_restore --exit-on-error --dbname=${name} ${path}`
      : `psql --set=ON_ERROR_STOP=1 --single-transaction --dbname=${name} --file=${path}`
  // Every server begins with a database "postgres": making it again would be the first error on a bad day.
  return database === 'postgres' ? [load] : [`createdb --template=template0 ${name}`, load]
}

function mysqlCommands({ hints }: Item, database: string, path: string): readonly string[] {
  const program = hints['serverFamily'] === 'mysql' ? 'mysql' : 'mariadb'
  const create = quoted(`CREATE DATABASE \`${database.replaceAll('`', '``')}\``)
  return [
    `${program} --execute=${create}`,
    `${program} --binary-mode --database=${quoted(database)} < ${path}`,
  ]
}

/** Its name as the server had it; object names have only what every file system can hold. */
function databaseOf({ hints, source }: Item, { object }: RecoveredFile): string {
  const hint = hints[object.part === undefined ? 'database' : `database.${object.part}`]
  return nameIn(hint) ?? object.part ?? source
}

/** Whatever the manifest of a backup that nobody vouches for says there. */
function nameIn(hint: string | undefined): string | undefined {
  try {
    const name = (JSON.parse(hint ?? '{}') as { readonly name?: unknown } | null)?.name
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

/** As a POSIX shell takes it for one word, whatever is in it. */
const quoted = (word: string): string =>
  /^[A-Za-z0-9_./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
