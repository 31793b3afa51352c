import { execa } from 'execa'

const PROGRAM = ['sqlite3', '-batch', '-bail', '-init', '/dev/null']
/** The SQLite that Node ≥ 22.5 carries, where there is no `sqlite3`. */
const NODE_SCRIPT = `
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(process.argv[1])
  const sql = require('node:fs').readFileSync(0, 'utf8')
  if (sql.startsWith('SELECT')) for (const row of database.prepare(sql).all()) console.log(Object.values(row).join('|'))
  else database.exec(sql)`

/** A guestbook: entries with a text each, and an index. */
export async function createDatabase(file: string, rows: number): Promise<void> {
  const values = Array.from(
    { length: rows },
    (_, index) => `(${index + 1}, 'guest ${index + 1}', 'was here on day ${index + 1}')`,
  )
  await sql(
    file,
    `CREATE TABLE entries (id INTEGER PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL);
     CREATE INDEX entries_by_name ON entries (name);
     INSERT INTO entries VALUES ${values.join(', ')};`,
  )
}

export const removeRows = async (file: string): Promise<void> =>
  void (await sql(
    file,
    `DELETE FROM entries WHERE id % 3 = 0; UPDATE entries SET text = 'nonsense' WHERE id % 5 = 0;`,
  ))

/** Every row with every value, as text. */
export const rowsOf = (file: string): Promise<string> => sql(file, 'SELECT * FROM entries ORDER BY id;')

async function sql(file: string, text: string): Promise<string> {
  const [program, ...args] =
    (await execa('sqlite3', ['--version'], { reject: false })).exitCode === 0
      ? PROGRAM
      : [process.execPath, '-e', NODE_SCRIPT, '--']
  const { stdout } = await execa(program ?? 'sqlite3', [...args, file], {
    input: text,
    env: { NODE_NO_WARNINGS: '1' },
  })
  return stdout
}
