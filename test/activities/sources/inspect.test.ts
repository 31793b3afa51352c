import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { files } from '../../../activities/sources/files.js'
import { postgres } from '../../../activities/sources/postgres.js'
import { sqlite } from '../../../activities/sources/sqlite.js'
import type { Item, ObjectKind } from '../../../core/backup.js'
import { item, plainObject } from '../../fakes/backups.js'
import { sourceContext } from '../../fakes/source-context.js'
import { describeWith } from '../../support/needs.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const folder = temporaryFolder()
const objectOf = (kind: ObjectKind) => ({ ...plainObject(`object.${kind}`, ''), kind })
/** Whose bytes are as they were recorded, whatever they are. */
const readerOf = (bytes: Buffer) => ({
  open: () => Readable.from([bytes.subarray(0, 700), bytes.subarray(700)]),
})

const inspect = (
  driver: { inspect: typeof files.inspect },
  kind: ObjectKind,
  bytes: Buffer,
  changes: Partial<Item> = {},
) =>
  driver.inspect(item(changes), objectOf(kind), readerOf(bytes), sourceContext({ scratchFolder: folder() }))

describe('tars', () => {
  const tar = async () => {
    const tree = join(folder(), 'tree')
    await mkdir(tree, { recursive: true })
    await writeFile(join(tree, 'a'), 'x'.repeat(2000))
    return execFileSync('tar', ['--create', '--format=posix', '--file=-', '--directory', tree, 'a'])
  }

  test('a whole one is fine', async () => {
    await expect(inspect(files, 'tar', await tar())).resolves.toBeUndefined()
  })

  test('one without its end is damaged, although its bytes are as they were recorded', async () => {
    const bytes = (await tar()).subarray(0, 2048)

    await expect(inspect(files, 'tar', bytes)).rejects.toMatchObject({ code: 'source.damaged' })
  })

  test('one that is no tar is refused', async () => {
    const bytes = Buffer.alloc(4096, 'x')

    await expect(inspect(files, 'tar', bytes)).rejects.toMatchObject({ code: 'archive.hostile' })
  })

  test('an index is read, and that is all', async () => {
    await expect(inspect(files, 'index', Buffer.alloc(4096, 'x'))).resolves.toBeUndefined()
  })
})

describe('SQLite', () => {
  const database = async () => {
    const path = join(folder(), 'made.db')
    const sql = `CREATE TABLE IF NOT EXISTS t (x);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO t SELECT hex(randomblob(20)) FROM n`
    execFileSync('sqlite3', ['-init', '/dev/null', path, sql], { stdio: 'pipe' })
    return readFile(path)
  }

  test('a sound database is fine, and no copy of it stays', async () => {
    await inspect(sqlite, 'sqlite', await database())

    expect((await readdir(folder())).filter((name) => name.includes('inspected'))).toEqual([])
  })

  test('a page that is not what SQLite wrote is found', async () => {
    const bytes = await database()
    bytes.fill(0xee, 4096, 3 * 4096)

    await expect(inspect(sqlite, 'sqlite', bytes)).rejects.toMatchObject({ code: 'source.damaged' })
    expect((await readdir(folder())).filter((name) => name.includes('inspected'))).toEqual([])
  })
})

describeWith(['postgres'], 'PostgreSQL', () => {
  const spec = { type: 'postgres' as const, database: 'orders' }

  test('a dump whose table of contents cannot be read is damaged', async () => {
    const bytes = Buffer.concat([Buffer.from('PGDMP'), Buffer.alloc(4096, 0xee)])

    await expect(
      inspect(postgres, 'dump', bytes, { type: 'postgres', spec, tools: { pg_dump: '9.6.1' } }),
    ).rejects.toMatchObject({ code: 'source.damaged' })
  })

  test('a dump of a newer tool than there is here says nothing about the dump', async () => {
    const tools = { pg_dump: '999.1' }

    await expect(
      inspect(postgres, 'dump', Buffer.from('PGDMP'), { type: 'postgres', spec, tools }),
    ).rejects.toMatchObject({ code: 'source.tool-missing' })
  })
})
