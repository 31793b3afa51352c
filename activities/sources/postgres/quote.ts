/** A name inside SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text inside SQL, right whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/**
 * The `--dbname` of every tool. Never the bare name: tools read one that holds `=` as a connection string.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export const databaseArgument = (database: string): string =>
  `--dbname=dbname='${database.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
